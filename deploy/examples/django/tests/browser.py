#!/usr/bin/env python3
"""Drives the site in a headless chromium, as a user would, and ends with 0 if all went as it should.

    tests/browser.py --site http://127.0.0.1:8000 --mail DIR --unlock 'otp-sidecar unlock {} --tenant default --yes --reason tried' flows
    tests/browser.py --site http://127.0.0.1:8000 down

`flows` wants a sidecar with a pause of 5 s, five wrong codes and a lock of 15 minutes; DIR is where Django's file backend puts its mails. `down`
wants none that works. See the README for how to start them.
"""
import argparse
import re
import secrets
import shlex
import shutil
import subprocess
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

SECONDS = 60
PAUSE = 5
TRIES = 5


def expect(true, what):
    if not true:
        raise AssertionError(what)


class Browser:
    """A browser, and what a user reads and types there."""

    def __init__(self, site):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        # Root has no sandbox, containers have little shared memory, and no name is looked up.
        for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "no-first-run",
                         "disable-background-networking", "disable-component-update", "disable-sync",
                         "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
            options.add_argument(f"--{argument}")
        self.site = site
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(SECONDS)

    def open(self, path):
        self.driver.get(self.site + path)

    def text(self):
        return self.driver.find_element(By.TAG_NAME, "body").text

    def type(self, **fields):
        for name, value in fields.items():
            field = self.driver.find_element(By.NAME, name)
            field.clear()
            field.send_keys(value)

    def press(self, button="go"):
        """Presses it and answers what the next page says."""
        self.driver.execute_script("window.before = true")
        self.driver.find_element(By.ID, button).click()
        arrived = "return !window.before && document.readyState === 'complete'"
        # Between two pages there is none to ask.
        WebDriverWait(self.driver, SECONDS, 0.1, [WebDriverException]).until(lambda driver: driver.execute_script(arrived))
        return self.text()

    def path(self):
        return self.driver.current_url.removeprefix(self.site)

    def fresh(self):
        """Another user's browser: nothing is left of the one before."""
        self.driver.delete_all_cookies()


class Mails:
    """What came by mail."""

    def __init__(self, place):
        self.place = Path(place)
        self.read = set()

    def next(self, to):
        """The next mail to somebody; it is sent behind the page, so it may take a moment."""
        def look(_):
            for file in sorted(self.place.glob("*.log")):
                text = file.read_text()
                # A file is there before it is whole; Django ends each mail with a line.
                if file not in self.read and f"To: {to}\n" in text and text.rstrip().endswith("-" * 79):
                    self.read.add(file)
                    return text
            return None
        return WebDriverWait(None, SECONDS).until(look, f"no mail to {to}")

    def any(self, to):
        """Whether anything came for somebody."""
        return any(f"To: {to}\n" in file.read_text() for file in self.place.glob("*.log"))

    def code(self, to):
        return re.search(r"^(\d{6}) is your (?:\w+ )?code", self.next(to), re.MULTILINE).group(1)


def wrong(code, other):
    """Another code than this one."""
    return f"{(int(code) + other) % 10**6:06}"


def flow(browser, mails, purpose, email, password, unlock):
    """Code, pause, wrong codes, lock, unlock, code, password; ends signed in.

    Answers what was said once the code was sent, and to the first wrong one.
    """
    browser.open(f"/{purpose}/address/")
    browser.type(email=email)
    shown = [browser.press()]
    expect("a code is on its way there" in shown[0], shown)
    first = mails.code(email)

    said = browser.press("again")
    wait = re.search(r"Wait (\d+) seconds? before asking for another code\.", said)
    expect(wait and 1 <= int(wait.group(1)) <= PAUSE, said)

    browser.type(code="12345")
    said = browser.press()
    expect("Type it exactly as it was sent." in said and "left" not in said, said)

    for left in range(TRIES - 1, 0, -1):
        browser.type(code=wrong(first, left))
        said = browser.press()
        expect(f"That code is wrong. {left} attempt{'s' if left > 1 else ''} left." in said, said)
        shown.append(said)
    browser.type(code=wrong(first, TRIES))
    said = browser.press()
    locked = re.search(r"Locked until \d\d \w+, \d\d:\d\d UTC\.", said)
    expect("Too many wrong codes." in said and locked, said)

    # Not even the right one.
    browser.type(code=first)
    said = browser.press()
    expect(re.search(r"Too many wrong codes\. Try again in 15 minutes\.", said) and locked.group() in said, said)

    subprocess.run([word.replace("{}", email) for word in shlex.split(unlock)], check=True, timeout=SECONDS)

    # The lock has burnt the code, and the pause runs on.
    browser.type(code=first)
    said = browser.press()
    expect("That code is no longer valid. Ask for a new one." in said, said)
    def sent(_):
        said = browser.press("again")
        expect("Another code is on its way." in said or "before asking for another code" in said, said)
        return "Another code is on its way." in said
    WebDriverWait(None, PAUSE + SECONDS, 0.5).until(sent, "no other code")
    second = mails.code(email)
    browser.type(code=second)
    browser.press()
    expect(browser.path() == f"/{purpose}/password/", browser.text())

    browser.type(new_password1=password, new_password2=password)
    said = browser.press()
    expect("you are signed in" in said and f"Signed in as {email}." in said, said)
    return shown[:2]


def sign_in(browser, email, password):
    browser.fresh()
    browser.open("/login/")
    browser.type(username=email, password=password)
    return browser.press()


def asked(browser, purpose, email):
    """What a browser of its own is told about an address, as `flow` answers it."""
    browser.fresh()
    browser.open(f"/{purpose}/address/")
    browser.type(email=email)
    shown = [browser.press()]
    browser.type(code="000000")
    return shown + [browser.press()]


def flows(browser, mails, unlock):
    name = secrets.token_hex(4)
    ann, nobody = f"ann-{name}@example.com", f"nobody-{name}@example.com"
    old, new = secrets.token_urlsafe(12), secrets.token_urlsafe(12)

    unknown = flow(browser, mails, "registration", ann, old, unlock)
    expect(f"Signed in as {ann}." in sign_in(browser, ann, old), browser.text())

    browser.fresh()
    known = flow(browser, mails, "password_reset", ann, new, unlock)
    expect("Signed in as" not in sign_in(browser, ann, old), browser.text())
    expect(f"Signed in as {ann}." in sign_in(browser, ann, new), browser.text())

    # Who has an account is not to be learnt: not by a reset for an address that has none, and not by registering one that
    # has. Its owner is told by mail, and gets no code; nobody gets no mail at all.
    said = asked(browser, "password_reset", nobody)
    expect(said == known, (said, known))
    said = asked(browser, "registration", ann)
    expect(said == unknown, (said, unknown))
    told = mails.next(ann)
    expect("which has an account" in told and not re.search(r"\d{6} is your", told), told)
    expect(not mails.any(nobody), "a mail to nobody")


def down(browser):
    browser.open("/registration/address/")
    browser.type(email="ann@example.com")
    said = browser.press()
    expect("Codes cannot be sent or checked right now. Try again in a moment." in said, said)
    expect(browser.path() == "/registration/address/", browser.path())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["flows", "down"])
    parser.add_argument("--site", required=True)
    parser.add_argument("--mail", help="where the mails are")
    parser.add_argument("--unlock", help="the operator's command, with {} for the user")
    told = parser.parse_args()
    browser = Browser(told.site)
    try:
        if told.what == "flows":
            flows(browser, Mails(told.mail), told.unlock)
        else:
            down(browser)
    except BaseException:
        print(f"at {browser.path()}:\n{browser.text()}")
        raise
    finally:
        browser.driver.quit()


if __name__ == "__main__":
    main()
