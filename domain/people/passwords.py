"""Which passwords people may choose: long ones that attackers do not try first (NIST SP 800-63B §5.1.1)."""

import re
import unicodedata

SHORTEST = 12
LONGEST = 256
"""Characters; longer ones cost hashing and gain nothing."""
FEWEST_DIFFERENT = 5
_LEET = str.maketrans("013457@$!|", "oleastasii")
_AFFIXES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_COMMON = """
1q2w3e4r 1q2w3e4r5t 1qaz2wsx abc abcabc abcd abcdef abcdefg abcdefgh abcdefghijkl access admin administrator
adminadmin alexander amanda andrew ashley asdf asdfasdf asdfgh asdfghjkl asdfghjkl asdfjkl august autumn
baseball basketball batman benutzer butterfly changeme changemenow changeit charger charging charlie cheese
chelsea chocolate computer consumer correcthorsebatterystaple daniel december default dragon electric
emobility energy everything evseevse february football forever freedom friday geheim geheimgeheim george
ginger guest hannah hallohallo hello helloworld hunter iloveyou iloveyouiloveyou internet january jennifer
jessica jordan joshua killer kennwort letmein letmeinplease liverpool login lovely lovelove maggie manager
march master matrix matthew mercedes michael michelle monday monkey mustang mypassword mynewpassword
neverguess nicole november october ocpp operator orange parole passe passord passwd passw passwort
passphrase password passwordpassword pepper please pokemon princess private qazwsx qazwsxedc qwert qwerty
qwertyqwerty qwertyui qwertyuiop qwertz qwertzuiop robert root samsung saturday secret secretsecret
september shadow soccer sommer spring station starwars summer sunday sunshine superman supersecret taylor
temporary test tester testing testtest thisisapassword thomas thunder tigger toor trustno trustnoone
tuesday user welcome welcometo whatever william willkommen winter wintersommer yankees zaq1zaq1 zaqxsw zeus
zeuszeus zxcvbn zxcvbnm
"""
"""What lists of breached passwords begin with, without the digits and signs that are hung on to it."""
_WORDS = frozenset(_COMMON.split())
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "01234567890",
)
_RUN = 8
"""So many signs in a row of the keyboard or the alphabet are one idea."""


class PasswordUnfit(ValueError):
    """A password has 12 to 256 characters, and is not one that attackers try first."""


def normalised(password: str) -> str:
    """The same whichever keyboard it was typed on (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *names: str) -> None:
    """Raises PasswordUnfit, with the reason as its message; `names` are what the person is called."""
    if len(password) < SHORTEST:
        raise PasswordUnfit(f"Choose at least {SHORTEST} characters; a few words in a row are easy to keep.")
    if len(password) > LONGEST:
        raise PasswordUnfit(f"Choose at most {LONGEST} characters.")
    if len(set(password)) < FEWEST_DIFFERENT:
        raise PasswordUnfit("Choose one with more different characters.")
    folded = password.casefold()
    if any(_is_the_name(folded, name) for name in names):
        raise PasswordUnfit("Choose one without your name in it.")
    if _is_common(folded) or _is_a_row(folded):
        raise PasswordUnfit("This password is among the first that attackers try; choose another.")


def _is_the_name(folded: str, name: str) -> bool:
    """Mostly the name: a long password may have it among other words."""
    parts = {name.casefold(), name.casefold().partition("@")[0]}
    return any(len(part) >= 4 and part in folded and len(folded) - len(part) < 8 for part in parts)


def _is_common(folded: str) -> bool:
    bare = _AFFIXES.sub("", folded)
    spelt = {bare, bare.translate(_LEET), _AFFIXES.sub("", folded.translate(_LEET))}
    cores = {part for text in spelt for part in (text, re.sub(r"[\W\d_]+", "", text))}
    return any(core in _WORDS or _repeated(core) in _WORDS for core in cores)


def _repeated(text: str) -> str:
    """`passpass` → `pass`; the text itself where it repeats nothing."""
    again = (text + text).find(text, 1)
    return text[:again] if 0 < again < len(text) else text


def _is_a_row(folded: str) -> bool:
    """Most of it is one row of keys, forwards or backwards."""
    for row in _ROWS:
        for line in (row + row, (row + row)[::-1]):
            for start in range(len(folded) - _RUN + 1):
                end = start + _RUN
                while end < len(folded) and folded[start : end + 1] in line:
                    end += 1
                if folded[start:end] in line and len(folded) - (end - start) < _RUN:
                    return True
    return False
