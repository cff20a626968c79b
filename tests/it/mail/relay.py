"""A relay that takes mails, or does to them what the first word of their address says.

relay.py plain|tls|starttls CERT KEY [USER PASSWORD]; or relay.py injected|endless|lines, which only begin to speak;
or relay.py split CERT KEY, which wants STARTTLS and says all it should, each byte by itself.
Prints where it listens, then a line of JSON for each mail that it was given, and at SIGUSR1 `all`.
"""
import asyncio
import json
import signal
import ssl
import sys
import time
from functools import partial

from aiosmtpd.smtp import SMTP, AuthResult

seen = {}


def fault(address):
    """hang-, 550-, 450-, 421-, cut-, slow-, brief-, tired- (of a connection that brought a mail), leave- (behind its acceptance); with
    `once` before it, only the first time."""
    word = address.split("@")[0].split("-")[0]
    if word.startswith("once"):
        seen[address] = seen.get(address, 0) + 1
        return word[4:] if seen[address] == 1 else ""
    return word


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        word = session.fault = fault(address)
        if word in ("550", "450"):
            say(address, word, b"")
            return word + " 5.1.1 " + address + " is not here"
        if word == "tired" and getattr(session, "brought", False):
            return "421 4.7.0 enough of this connection"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        word = session.fault
        say(envelope.rcpt_tos[0], word, envelope.original_content, session, server)
        if word == "hang":
            await asyncio.sleep(3600)
        if word in ("slow", "brief"):
            await asyncio.sleep(1 if word == "slow" else 0.2)
        if word == "cut":
            server.transport.abort()
            await asyncio.sleep(3600)
        if word == "421":
            return "421 4.3.0 going down"
        session.brought = True
        if word == "leave":
            # Once it is said that the mail was taken.
            asyncio.get_running_loop().call_soon(server.transport.close)
        return "250 2.0.0 queued"


def say(to, word, content, session=None, server=None):
    told = {"to": to, "fault": word, "content": content.decode("utf-8"), "tls": bool(session and (session.ssl or server.transport.get_extra_info("sslcontext"))),
            "login": bool(session and session.authenticated), "peer": session.peer[1] if session else 0, "at": time.time()}
    print(json.dumps(told), flush=True)


def authenticator(user, password):
    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (user.encode(), password.encode()))
    return authenticate


async def injected(reader, writer):
    writer.write(b"220 relay ESMTP\r\n")
    await reader.readline()
    writer.write(b"250-relay\r\n250 STARTTLS\r\n")
    await reader.readline()
    # Read after the handshake, this would be the answer to what is asked in secret.
    writer.write(b"220 go ahead\r\n220 injected\r\n")
    print(json.dumps({"to": "", "after": len(await reader.read(100))}), flush=True)
    writer.close()


async def endless(reader, writer):
    writer.write(b"220 relay ESMTP\r\n")
    await reader.readline()
    try:
        while True:
            writer.write(b"250-" + b"x" * 4096)
            await writer.drain()
    except ConnectionError:
        print(json.dumps({"to": ""}), flush=True)


async def lines(reader, writer):
    writer.write(b"220 relay ESMTP\r\n")
    await reader.readline()
    writer.write(b"250-x\r\n" * 1000 + b"250 x\r\n")
    await reader.readline()
    writer.write(b"550 it read all of them\r\n")
    await reader.read()


async def split(context, reader, writer):
    async def say_slowly(text):
        for byte in text.encode():
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.001)

    await say_slowly("220 relay ESMTP\r\n")
    offers = "STARTTLS"
    while line := await reader.readline():
        word = line[:4].upper()
        if word == b"RCPT":
            to = line.decode().split("<")[1].split(">")[0]
        if word == b"DATA":
            await say_slowly("354 go on\r\n")
            content = await reader.readuntil(b"\r\n.\r\n")
            say(to, "", content[:-3])
        if word == b"EHLO":
            await say_slowly(f"250-relay\r\n250 {offers}\r\n")
        elif word == b"STAR":
            # What comes next is read in TLS alone.
            writer.transport.pause_reading()
            await say_slowly("220 go ahead\r\n")
            await writer.start_tls(context)
            offers = "SIZE"
        else:
            await say_slowly("250-2.0.0 well\r\n250 2.0.0 done\r\n")


async def main(mode, cert="", key="", user="", password=""):
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: print("all", flush=True))
    context = None
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
    raw = {"injected": injected, "endless": endless, "lines": lines, "split": partial(split, context)}.get(mode)
    if raw:
        server = await asyncio.start_server(raw, "127.0.0.1", 0)
    else:
        options = {"hostname": "relay.test", "timeout": 3600}
        if mode == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if user:
            options |= {"authenticator": authenticator(user, password), "auth_required": True, "auth_require_tls": mode == "starttls"}
        loop = asyncio.get_running_loop()
        factory = lambda: SMTP(Handler(), **options)
        server = await loop.create_server(factory, "127.0.0.1", 0, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(*sys.argv[1:]))
