"""Passwords in frames are not shown."""

import pytest

from adapters.ocpp.secrets import without_secrets

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
    ],
)
def test_a_password_in_a_frame_is_hidden(frame: str) -> None:
    assert CANARY not in without_secrets(frame)


def test_other_frames_are_shown_as_they_are() -> None:
    frame = '[2, "1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"300"}]'
    assert without_secrets(frame) is frame
