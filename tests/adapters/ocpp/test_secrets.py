"""Passwords in frames are not shown."""

import pytest

from adapters.ocpp.secrets import HIDDEN, without_links, without_secrets

CANARY = "0123456789abcdefCANARY"


@pytest.mark.parametrize(
    "frame",
    [
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{CANARY}"}}]',
        f'[2,"1","ChangeConfiguration",{{"value":"{CANARY}","key":"authorizationkey"}}]',
        f'[3,"1",{{"configurationKey":[{{"key":"AuthorizationKey","readonly":false,"value":"{CANARY}"}}]}}]',
        '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"' + CANARY + '","component":{"name":'
        '"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"}}]}]',
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{CANARY}"}}',
        '[3,"1",{"configurationKey":[{"key":"StationPassword","readonly":true,"value":"' + CANARY + '"}]}]',
        '[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"BasicAuthPassword"},"variableAttribute":'
        '[{"type":"Actual","value":"' + CANARY + '"}]}]}]',
        '[2,"1","DataTransfer",{"vendorId":"v","data":"[{\\"key\\":\\"ApiKey\\",\\"value\\":\\"'
        + CANARY
        + '\\"}]"}]',
    ],
)
def test_a_password_in_a_frame_is_hidden(frame: str) -> None:
    assert CANARY not in without_secrets(frame)


def test_other_frames_are_shown_as_they_are() -> None:
    frame = '[2, "1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"300"}]'
    assert without_secrets(frame) is frame


def test_the_key_of_a_link_is_hidden_and_the_file_s_name_is_not() -> None:
    frame = '[2,"1","UpdateFirmware",{"location":"https://zeus/artefacts/01ab.Zm9v-_x/fw 2.bin"}]'
    shown = without_secrets(frame)
    assert "Zm9v" not in shown
    assert f"/artefacts/{HIDDEN}/fw 2.bin" in shown
    assert without_links({"location": "x/artefacts/k3y/", "n": 1}) == {
        "location": f"x/artefacts/{HIDDEN}/",
        "n": 1,
    }
