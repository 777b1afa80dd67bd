"""The web page is for this machine alone, and always behind a login."""

from __future__ import annotations

import pytest

from zhixiao import airflow_local
from zhixiao.airflow_local import has_login, is_loopback, require_login, up_env
from zhixiao.errors import ConfigError
from zhixiao.settings import Settings

SIMPLE = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
OWN = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True), ("127.0.0.2", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("", False), ("10.0.0.5", False), ("localhost.example.com", False),
        ("127.0.0.1.example.com", False), ("::ffff:10.0.0.5", False), ("*", False),
    ],
)  # fmt: skip
def test_which_addresses_are_this_machine(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize("manager", ["", " ", SIMPLE])
def test_others_need_a_login_of_the_servers_own(manager: str) -> None:
    assert not has_login({"AIRFLOW__CORE__AUTH_MANAGER": manager})
    require_login("127.0.0.1", {"AIRFLOW__CORE__AUTH_MANAGER": manager})
    with pytest.raises(ConfigError, match="必须先配置登录"):
        require_login("0.0.0.0", {"AIRFLOW__CORE__AUTH_MANAGER": manager})
    require_login("0.0.0.0", {"AIRFLOW__CORE__AUTH_MANAGER": OWN})


@pytest.mark.parametrize(("manager", "words"), [("", "必须先配置登录"), (OWN, "只在本机开放网页")])
def test_make_up_refuses_any_other_address_with_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], manager: str, words: str
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", manager)
    monkeypatch.setattr(airflow_local.os, "execv", lambda *_: pytest.fail("it must not start"))
    monkeypatch.setattr(airflow_local, "keep_private", lambda: None)
    assert airflow_local.main(["up", "--host", "0.0.0.0"]) == 1
    told = capsys.readouterr().err
    assert words in told and "0.0.0.0" in told and "Traceback" not in told
    assert not (settings.state_dir / "airflow").exists()


def test_the_environment_cannot_open_the_local_page_or_take_its_login(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__HOST", "0.0.0.0")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    env = up_env(settings, 8123)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert env["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    assert env["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
