"""Send a digest: by mail and to a webhook, where the environment names them. Secrets stay out of logs.

ZHIXIAO_MAIL_TO=a@x,b@x  ZHIXIAO_SMTP=smtp[s]://user:password@host:port  ZHIXIAO_MAIL_FROM=zhixiao@x
ZHIXIAO_WEBHOOK=https://...   a robot of 企业微信 or 钉钉, or anything that takes {"msgtype": "text", ...} as JSON
"""

from __future__ import annotations

import json
import os
import smtplib
import urllib.request
from collections.abc import Mapping
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from zhixiao.errors import ConfigError
from zhixiao.watch.digest import Digest

TIMEOUT_SECONDS = 20
TEXT_LIMIT = 2000
"""Robots cut longer texts (企业微信: 2,048 bytes); the whole digest is in the mail and in state/digest.txt."""


def send(digest: Digest, env: Mapping[str, str] | None = None) -> list[str]:
    """Send by every way that is configured. Returns what went wrong, one sentence a way; the night goes on."""
    settings = os.environ if env is None else env
    problems = []
    for name, way in (("ZHIXIAO_MAIL_TO", _mail), ("ZHIXIAO_WEBHOOK", _webhook)):
        if settings.get(name):
            try:
                way(digest, settings)
            except (OSError, smtplib.SMTPException, ValueError, ConfigError) as e:
                # The address of a webhook and of a mail server holds a secret: only the kind of fault is told.
                problems.append(f"{name}: {type(e).__name__}")
    return problems


def _mail(digest: Digest, env: Mapping[str, str]) -> None:
    server = urlsplit(env.get("ZHIXIAO_SMTP") or "smtp://localhost:25")
    if server.scheme not in ("smtp", "smtps", "smtp+tls") or not server.hostname:
        raise ConfigError("ZHIXIAO_SMTP 应为 smtp://主机:端口。", "ZHIXIAO_SMTP must be smtp://host:port.")
    message = EmailMessage()
    message["Subject"] = digest.title
    message["From"] = env.get("ZHIXIAO_MAIL_FROM") or "zhixiao@localhost"
    message["To"] = env["ZHIXIAO_MAIL_TO"]
    message.set_content(digest.text())
    kind = smtplib.SMTP_SSL if server.scheme == "smtps" else smtplib.SMTP
    with kind(server.hostname, server.port or 0, timeout=TIMEOUT_SECONDS) as smtp:
        if server.scheme == "smtp+tls":
            smtp.starttls()
        if server.username:
            smtp.login(unquote(server.username), unquote(server.password or ""))
        smtp.send_message(message)


def _webhook(digest: Digest, env: Mapping[str, str]) -> None:
    url = env["ZHIXIAO_WEBHOOK"]
    if urlsplit(url).scheme not in ("http", "https"):
        raise ConfigError("ZHIXIAO_WEBHOOK 应为 http(s) 地址。", "ZHIXIAO_WEBHOOK must be an http(s) address.")
    body = {
        "msgtype": "text",
        "text": {"content": digest.text()[:TEXT_LIMIT]},
        "zhixiao": {
            "run_id": digest.run_id, "known_on": digest.known_on, "as_of": digest.as_of,
            "exit_code": digest.exit_code, "matters": len(digest.lines),
        },
    }  # fmt: skip
    request = urllib.request.Request(
        url, json.dumps(body, ensure_ascii=False).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        answer.read(1024)
