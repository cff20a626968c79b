#!/usr/bin/env python3
"""Signs in to the site in a headless chromium, and ends with 0 if all went as it should.

    tests/browser.py http://127.0.0.1:3000 FILE

FILE is what the site's MAIL_FILE names. The sidecar has `make run`'s limits. Needs selenium, as the example in Django.
"""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "django/tests"))
from browser import SECONDS, Browser, WebDriverWait, expect, wrong  # noqa: E402

SENT = "If we know this address, a code is on its way."


def code_for(mails, to):
    """The code of the newest mail to somebody, once it is there."""
    def look(_):
        found = re.findall(rf"To: {re.escape(to)}\n(\d{{6}}) is your code\.\n\n", mails.read_text())
        return found[-1] if found else None
    return WebDriverWait(None, SECONDS).until(look, f"no mail to {to}")


def ask(browser, email):
    browser.fresh()
    browser.open("/")
    browser.type(email=email)
    return browser.press()


def answer(browser, code):
    browser.type(code=code)
    return browser.press()


def flows(browser, mails):
    said = ask(browser, "ann@example.com")
    expect(SENT in said, said)
    code = code_for(mails, "ann@example.com")
    said = answer(browser, "12345")
    expect("as it was sent" in said and "left" not in said, said)
    known = answer(browser, wrong(code, 1))
    expect("That code is wrong. Attempts left: 4." in known, known)

    # The id stays on the server: the cookie is short, and nothing of the page or the URL has it.
    cookies = browser.driver.get_cookies()
    expect([cookie["name"] for cookie in cookies] == ["session"], cookies)
    expect(cookies[0]["httpOnly"] and len(cookies[0]["value"]) < 120, cookies)
    before = cookies[0]["value"]

    answer(browser, code)
    expect("Signed in as ann@example.com." in browser.text() and browser.path() == "/", browser.text())
    expect(browser.driver.get_cookie("session")["value"] != before, "the session's name from before the sign-in")
    said = browser.press()
    expect("Sign in with a code by mail." in said, said)

    # Too soon for another; and the address of nobody looks the same but for the mail.
    said = ask(browser, "ann@example.com")
    expect(re.search(r"Wait \d+ seconds before asking for another code\.", said), said)
    said = ask(browser, "nobody@example.com")
    expect(SENT in said, said)
    said = answer(browser, "000000")
    expect(said == known, (said, known))
    expect("nobody@" not in mails.read_text(), "a mail to nobody")


def main():
    site, mails = sys.argv[1:]
    browser = Browser(site)
    try:
        flows(browser, Path(mails))
    except BaseException:
        print(f"at {browser.path()}:\n{browser.text()}")
        raise
    finally:
        browser.driver.quit()


if __name__ == "__main__":
    main()
