#!/usr/bin/env python3
"""An operator at the console, in a headless chromium: plays one part, and ends with 0 if all went as it should.

    browser.py PART http://127.0.0.1:8081 OPERATORS-KEY VIEWERS-KEY

Prints `ask WHAT` where the test has something to do, and waits for its line.
"""
import base64
import http.server
import json
import re
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "deploy/examples/django/tests"))
import browser as base  # noqa: E402
from browser import By, WebDriverException, WebDriverWait, expect, webdriver  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What may stand in a query: nothing that names anybody.
QUERIES = {"limit", "after", "cursor", "type"}
_, PART, SITE, KEY, VIEWER = sys.argv


class Options(webdriver.ChromeOptions):
    """The same browser, which also tells what it sent."""

    def __init__(self):
        super().__init__()
        self.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})


base.webdriver.ChromeOptions = Options


def ask(what):
    print("ask", what, flush=True)
    return sys.stdin.readline()


class Desk(base.Browser):
    def __init__(self):
        super().__init__(SITE)
        self.cdp = self.driver.execute_cdp_cmd
        self.size(1280, 900)

    def size(self, width, height, mobile=False):
        self.cdp("Emulation.setDeviceMetricsOverride",
                 {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile})

    def scheme(self, name):
        self.cdp("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def until(self, what, true, seconds=base.SECONDS):
        wait = WebDriverWait(self.driver, seconds, 0.05, [WebDriverException])
        return wait.until(lambda _: true(), f"not {what}; the page says: {self.text()[:2000]}")

    def says(self, text, css="body"):
        return self.until(f"{text!r} in {css}", lambda: text in self.find(css).text)

    def sign_in(self, key=KEY):
        self.open("/console")
        self.until("asked for a key", lambda: self.find("#key").is_displayed())
        self.find("#key").send_keys(key + "\n")

    def enter(self, key=KEY):
        self.sign_in(key)
        self.until("figures", lambda: len(self.all("#cards li")) == 5)
        self.until("a list", lambda: self.find("#locked, #nobody") and "Live" in self.find("#live").text)

    def inspect(self, user, tenant="shop"):
        field = self.find("#user")
        field.clear()
        next(one for one in self.all("#tenant option") if one.text == tenant).click()
        field.send_keys(user + "\n")
        self.until("the user", lambda: self.find("#one .why").is_displayed())

    def keys(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def focused(self):
        return self.driver.switch_to.active_element

    def axe(self, where):
        if not self.run("return typeof axe === 'object'"):
            self.run((ROOT / "target/tools/console/node_modules/axe-core/axe.min.js").read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then((r) => done(r.violations))", TAGS)
        told = [(one["id"], [node["html"][:150] + " " + node["failureSummary"][:200] for node in one["nodes"][:3]]) for one in found]
        expect(not told, f"{where}: {json.dumps(told, indent=1)}")

    def sent(self):
        """URLs that the browser asked for since the last time, and what it was answered, whatever it made of that."""
        urls, statuses = {}, {}
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            params = message["params"]
            if message["method"] == "Network.requestWillBeSent":
                urls[params["requestId"]] = params["request"]["url"]
            if message["method"] == "Network.responseReceivedExtraInfo":
                statuses[params["requestId"]] = params["statusCode"]
        return list(urls.values()), {urls[one]: status for one, status in statuses.items() if one in urls}

    def complaints(self):
        return [one["message"] for one in self.driver.get_log("browser") if not re.search(r"status of (401|403|422|503)", one["message"])]


def accessible(desk):
    def both(where):
        for scheme in ("light", "dark"):
            desk.scheme(scheme)
            desk.axe(f"{where}, {scheme}")

    desk.open("/console")
    desk.until("asked for a key", lambda: desk.find("#key").is_displayed())
    both("login")
    desk.enter()
    both("page")
    desk.inspect("ann@example.com")
    both("user")
    desk.find("#one .acts button").click()
    desk.until("a dialog", lambda: desk.find("#dialog").is_displayed())
    both("dialog")
    desk.keys(Keys.ESCAPE)
    desk.size(360, 740, True)
    desk.axe("phone")
    wide = desk.run("return document.documentElement.scrollWidth")
    expect(wide <= 360, f"{wide} pixels on a phone of 360")


def hostile(desk):
    shown = "<img src=x onerror=\"document.title='owned'\">\\u{202e}moc"
    desk.enter()
    desk.says(shown, "#rows")
    desk.says(f"Reason: {shown}", "#feed")
    agents = [one.text for one in desk.all("#feed small")]
    expect(agents.count(shown) == 1, agents)
    desk.find("#rows .whom").click()
    desk.says(shown, "#one h3")
    for button in desk.all("#one .acts button"):
        button.click()
        desk.until("its name", lambda: shown[:20] in desk.find("#d-title").text)
        desk.keys(Keys.ESCAPE)
    expect(desk.driver.title == "otp-sidecar console", desk.driver.title)
    expect(len(desk.all("img")) == 1, "an image that is none of ours")
    time.sleep(2.5)
    # What is sent names nobody, and goes nowhere else.
    urls = [url for url in desk.sent()[0] if not url.startswith(("data:", "blob:"))]
    expect(len(urls) > 10, urls)

    def is_fine(url):
        path, _, query = url.partition("?")
        named = {part.split("=")[0] for part in query.split("&") if part}
        return url.startswith(SITE + "/") and named <= QUERIES and "%3C" not in path and KEY not in url
    odd = [url for url in urls if not is_fine(url)]
    expect(not odd, odd)
    complaints = desk.complaints()
    expect(not complaints, complaints)
    # And if it were ever tried, the browser would refuse.
    for made in ("document.body.innerHTML = '<b>'", "document.body.insertAdjacentHTML('beforeend', '<b>')", "document.write('<b>')"):
        refused = desk.run(f"try {{ {made}; return '' }} catch (error) {{ return String(error) }}")
        expect(re.search("TrustedHTML", refused), f"{made}: {refused}")


def keyboard(desk):
    desk.open("/console")
    desk.until("the key to be what is typed into", lambda: desk.focused().get_attribute("id") == "key")
    desk.keys(KEY, Keys.ENTER)
    desk.until("the user to be what is typed into", lambda: desk.focused().get_attribute("id") == "user")
    desk.keys(Keys.TAB, Keys.TAB, Keys.TAB)
    expect(desk.focused().text == "Inspect", desk.focused().text)
    desk.keys("/")
    expect(desk.focused().get_attribute("id") == "user", "/ leads to the user")
    desk.keys("ann@example.com", Keys.TAB, "shop", Keys.TAB, Keys.ENTER)
    desk.until("the answer", lambda: desk.focused().tag_name == "h3")
    why = desk.find("#one .why").text
    expect(re.search(r"No code is sent or taken, after 5 failed attempts, for 1\d more minutes \(until \d\d:\d\d:\d\d\)", why), why)
    desk.keys(Keys.TAB)
    expect(desk.focused().text == "Unlock…", desk.focused().text)
    desk.keys(Keys.ENTER)
    desk.until("the reason", lambda: desk.focused().get_attribute("name") == "reason")
    # Without one nothing is even asked for.
    desk.run("window.acts = 0; const fetched = fetch; window.fetch = (...all) => { acts += /unlock/.test(all[0]); return fetched(...all) }")
    desk.keys(Keys.ENTER)
    expect(desk.run("return acts") == 0 and desk.find("#dialog").is_displayed(), "no reason, and done")
    desk.keys("called the desk", Keys.ENTER)
    desk.until("closed", lambda: not desk.find("#dialog").is_displayed())
    desk.says("Nothing stops this user.", "#one .why")
    desk.until("gone from the list", lambda: "ann@" not in desk.find("#rows").text)
    expect("bob@example.com" in desk.find("#rows").text, "only one was unlocked")


def acts(desk):
    def act(find, **fields):
        # The panel is drawn anew now and then.
        desk.until("pressed", lambda: find().click() is None)
        desk.until("a dialog", lambda: desk.find("#dialog").is_displayed())
        for name, value in {"reason": "an act of the test", **fields}.items():
            field = desk.find(f"#act [name={name}]")
            field.clear()
            field.send_keys(value)
        desk.find("#d-yes").click()

    def done():
        desk.until("done", lambda: not desk.find("#dialog").is_displayed())

    def button(name):
        return lambda: next(one for one in desk.all("#one .acts button") if name in one.text)

    def facts(*, has=(), lacks=()):
        def fit():
            told = desk.find("#one dl").text
            return all(one in told for one in has) and not any(one in told for one in lacks)
        desk.until(f"{has} without {lacks}", fit)

    desk.cdp("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(Path.home())})
    desk.enter()
    # What became of a message, and what an address has left.
    desk.find("#ip").send_keys("203.0.113.9")
    desk.inspect("dora@example.com")
    desk.says("accepted by email dora@example.com", "#one tbody")
    facts(has=("codes left\n9\n", "failures left\n20\n"))
    desk.find("#ip").clear()
    desk.inspect("cara@example.com")
    desk.says("Nothing stops this user.", "#one .why")
    facts(lacks=("Address",))
    act(button("Lock"), minutes="30")
    done()
    desk.says("since an operator locked this user", "#one .why")
    desk.until("in the list", lambda: "cara@example.com" in desk.find("#rows").text)
    desk.inspect("bob@example.com")
    desk.says("bob@", "#one h3")
    act(button("Export"))
    done()
    next(one for one in desk.all("#types button") if one.text == "Suspicious").click()
    desk.says("suspicious: bombing", "#feed .grave")
    file = desk.until("a file", lambda: next(Path.home().glob("*.json"), None))
    held = desk.until("all of it", lambda: json.loads(file.read_text()))
    expect(held["subject"] == "bob@example.com", held)
    # Whoever types another name erases nobody.
    desk.inspect("ann@example.com")
    desk.says("ann@", "#one h3")
    act(button("Erase"), typed="bob@example.com")
    desk.says("That is not ann@example.com.", "#d-bad")
    act_again = desk.find("#act [name=typed]")
    act_again.clear()
    act_again.send_keys("ann@example.com\n")
    done()
    # What was erased is a reference, and still locked.
    desk.until("without a name", lambda: "ann@" not in desk.find("#rows").text)
    count = desk.find("#cards b").text
    expect(count == "3" == str(len(desk.all("#rows tr"))), count)
    act(lambda: desk.find("#all"), typed=count)
    done()
    desk.says("Nobody is locked.")


def look_up(desk):
    """Whoever is named like a reference, whose user a name is, and who is not there."""
    def ask_for(user):
        field = desk.find("#user")
        field.clear()
        field.send_keys(user + "\n")

    desk.enter()
    reference, alike = ask("reference").strip(), "0123456789abcdef0123456789abcdef"
    desk.find("#user").send_keys("ann@example.com\n")
    desk.says("Choose the tenant of this user.", "#asked")
    expect(not desk.all("#one *"), "somebody is shown whom nobody chose")
    ask_for(reference)
    desk.says("ann@example.com of shop", "#one h3")
    desk.says("No code is sent or taken", "#one .why")
    desk.inspect(alike)
    desk.says(f"{alike} of shop", "#one h3")
    desk.says("Nothing stops this user.", "#one .why")
    # Named like somebody's reference: both can be had.
    ask_for(reference)
    desk.says("ann@example.com of shop", "#one h3")
    next(one for one in desk.all("#one .acts button") if reference in one.text).click()
    desk.says(f"{reference} of shop", "#one h3")
    desk.says("Nothing stops this user.", "#one .why")
    desk.inspect("ann@example.com", "bank")
    desk.says("Tenant bank: Nobody was ever seen under this spelling", "#one .why")
    next(one for one in desk.all("#one .acts button") if "ann@" in one.text).click()
    desk.says("ann@example.com of shop", "#one h3")


def keys(desk):
    desk.sign_in("no-such-key-0123456789-0123456789")
    desk.says("This key is not known here", "#why")
    expect(desk.run("return sessionStorage.length") == 0, "a wrong key is kept")
    desk.enter(VIEWER)
    desk.says("desk may look", "#who")
    desk.inspect("ann@example.com")
    desk.says("No code is sent or taken", "#one .why")
    buttons = [one.text for one in desk.all("button") if one.is_displayed() and "…" in one.text]
    expect(not buttons, f"a viewer may {buttons}")
    status = desk.driver.execute_async_script(
        "fetch('admin/v1/unlock', {method: 'POST', headers: {authorization: 'Bearer ' + arguments[0], 'content-type': 'application/json'},"
        "body: JSON.stringify({all: true, reason: 'x'})}).then((answer) => arguments[1](answer.status))", VIEWER)
    expect(status == 403, status)
    desk.find("#leave").click()
    desk.until("asked for a key", lambda: desk.find("#key").is_displayed())
    desk.find("#key").send_keys(KEY + "\n")
    desk.says("ops may change", "#who")
    desk.inspect("ann@example.com")
    # The tab keeps it over a reload, and nothing else has it.
    desk.driver.refresh()
    desk.says("ops may change", "#who")
    desk.until("the list", lambda: "ann@example.com" in desk.find("#rows").text)
    expect(desk.run("return sessionStorage.getItem('key') === arguments[0] && localStorage.length === 0 && !document.cookie", KEY), "kept elsewhere")
    # Two calls are under way with it when it goes, and the second is refused after the first.
    next(one for one in desk.all("#tenant option") if one.text == "shop").click()
    desk.find("#user").send_keys("ann@example.com")
    desk.run("""const real = fetch;
        let refused = 0;
        window.fetch = async (...call) => {
          const answer = await real(...call);
          if (answer.status !== 401 || refused > 1) return answer;
          if (++refused === 1) document.querySelector("#ask").requestSubmit();
          else setTimeout(() => { window.both = true; }, 1200);
          await new Promise((done) => setTimeout(done, refused * 500));
          return answer;
        };""")
    ask("rotate")
    desk.until("both are refused", lambda: desk.run("return window.both"))
    desk.says("This key is not known here, or not any more.", "#why")
    left = desk.run("return document.documentElement.textContent") + desk.run("return sessionStorage.getItem('key') ?? ''")
    expect("@example.com" not in left.replace("ann@example.com", "", 0) and KEY not in left, left)
    desk.find("#key").send_keys("another-key-0123456789abcdefghijklmno\n")
    desk.says("ops may change", "#who")
    desk.says("ann@example.com", "#rows")
    # Nobody touched it for a quarter of an hour.
    desk.run("const now = Date.now; Date.now = () => now() + 16 * 60e3")
    desk.says("Nobody touched this page for 15 minutes", "#why")
    # Nor did anybody before the browser brought the tab back, with what it kept.
    desk.run("sessionStorage.setItem('key', arguments[0]); sessionStorage.touched = Date.now() - 32 * 60e3", KEY)
    desk.sent()
    desk.driver.refresh()
    desk.says("Nobody touched this page for 15 minutes", "#why")
    expect(not [url for url in desk.sent()[0] if "admin/v1" in url], "asked with a key that was to be forgotten")


def gone(desk):
    def asked():
        with urllib.request.urlopen(SITE + "/metrics") as metrics:
            lines = metrics.read().decode().splitlines()
        return {name: sum(float(line.split()[-1]) for line in lines if line.startswith(f'otp_requests_total{{operation="{name}"'))
                for name in ("admin_events", "admin_stats", "admin_locks")}

    desk.enter()
    before = asked()["admin_events"]
    desk.until("asked again", lambda: asked()["admin_events"] > before + 1)
    desk.find("#pause").click()
    desk.says("Paused at", "#live")
    time.sleep(0.5)
    paused = asked()["admin_events"]
    time.sleep(4.5)
    expect(asked()["admin_events"] == paused, "it asks while paused")
    desk.find("#pause").click()
    desk.until("asked again", lambda: asked()["admin_events"] > paused)
    desk.run("Object.defineProperty(document, 'hidden', {configurable: true, get: () => true});"
             "document.dispatchEvent(new Event('visibilitychange'))")
    time.sleep(0.5)
    hidden = asked()
    time.sleep(4.5)
    expect(asked() == hidden, "it asks while hidden")
    desk.run("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    desk.until("asked again", lambda: asked()["admin_events"] > hidden["admin_events"])
    ask("stop")
    desk.says("The sidecar does not answer. What you see is of", "#trouble")
    expect("not well" in desk.find("#health").text, desk.find("#health").text)
    ask("start")
    desk.until("well again", lambda: not desk.find("#trouble").is_displayed() and "ready" in desk.find("#health").text, 40)


def foreign(desk):
    page = f"""<!doctype html><img src="{SITE}/admin/v1/locks"><script>
      fetch("{SITE}/admin/v1/events", {{mode: "no-cors"}}).catch(() => 0);
      fetch("{SITE}/admin/v1/unlock", {{mode: "no-cors", method: "POST", body: '{{"all":true,"reason":"x"}}'}}).catch(() => 0);
    </script><iframe name="there"></iframe><iframe src="{SITE}/console"></iframe>
    <form id="form" target="there" method="post" enctype="text/plain" action="{SITE}/admin/v1/unlock?form">
      <input name='{{"all":true,"reason":"' value='"}}'></form><script>form.submit()</script>""".encode()

    class Evil(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Evil)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    desk.driver.get(f"http://127.0.0.1:{server.server_port}/")
    answered = {}
    wanted = ["/admin/v1/locks", "/admin/v1/events", "/admin/v1/unlock", "/admin/v1/unlock?form"]

    def all_of_them():
        answered.update(desk.sent()[1])
        return all(SITE + path in answered for path in wanted)
    desk.until("answers", all_of_them)
    statuses = [answered[SITE + path] for path in wanted]
    expect(statuses == [403] * 4, statuses)
    # A link to it may be followed, a frame of it shows nothing.
    expect(any("frame-ancestors" in one for one in desk.complaints()), "framed")


def flood(desk):
    desk.enter()
    for page in range(2, 6):
        desk.until("more", lambda: desk.find("#more").is_displayed())
        desk.find("#more").click()
        desk.until(f"{page} pages", lambda: len(desk.all("#rows tr")) == 100 * page)
    expect(not desk.find("#more").is_displayed(), "more than 500 rows are offered")
    # In time of the processor: others have it too.
    desk.cdp("Performance.enable", {"timeDomain": "threadTicks"})

    def spent():
        told = {one["name"]: one["value"] for one in desk.cdp("Performance.getMetrics", {})["metrics"]}
        # What continues behind an `await` is no `ScriptDuration`.
        return told["TaskDuration"] - told["LayoutDuration"] - told["RecalcStyleDuration"]
    desk.run("window.polls = 0; const fetched = fetch; window.fetch = (...all) => { polls += /events/.test(all[0]); return fetched(...all) }")
    ask("flood")
    desk.until("a flood", lambda: "More came than are shown." in desk.find("#feed").text, 60)
    ask("begin")
    desk.run("polls = 0")
    before, most, end = spent(), 0, time.time() + 60
    while time.time() < end and desk.run("return polls") < 4:
        time.sleep(0.5)
        most = max(most, desk.run("return document.querySelectorAll('#feed li').length"))
    ask("end")
    polls, script = desk.run("return polls"), spent() - before
    print(f"{polls} polls, {1000 * script / polls:.1f} ms of script each, {most} rows")
    expect(polls >= 2 and script / polls < 0.1, (polls, script))
    expect(200 <= most <= 500 and len(desk.all("#rows tr")) == 500, most)


def cost(desk):
    ahead = 0

    def measure(what):
        ask("begin")
        time.sleep(7)
        return ask(what)

    def over_all(what, windows):
        """Once in what is measured, and not in the seconds before, the pages ask for everything."""
        nonlocal ahead
        begins = time.time() + 5.5 + len(windows) / 4
        # A whole turn more: what changed with the look itself is read by then.
        ahead += 60e3 - (1e3 * begins + ahead) % 30e3
        for window in windows:
            desk.driver.switch_to.window(window)
            expect(not desk.run("ahead = arguments[0]; return document.hidden", ahead), "hidden pages ask nothing")
        time.sleep(max(0, begins - 3 - time.time()))
        return measure(what)

    def enter():
        desk.cdp("Page.addScriptToEvaluateOnNewDocument", {"source": "let ahead = 0; const now = Date.now; Date.now = () => now() + ahead"})
        desk.enter()
        desk.cdp("Emulation.setFocusEmulationEnabled", {"enabled": True})
    measure("idle")
    enter()
    while over_all("one", desk.driver.window_handles).strip() == "again":
        pass
    for _ in range(9):
        desk.driver.switch_to.new_window("window")
        enter()
    while over_all("ten", desk.driver.window_handles).strip() == "again":
        pass


def review(desk):
    desk.driver.get(ask("page").strip())
    expect("Security review" in desk.text(), desk.text())
    desk.axe("review")
    urls = desk.sent()[0]
    expect(len([url for url in urls if not url.startswith("file:")]) == 0, urls)


def pictures(desk):
    def shot(name, height):
        desk.run("scrollTo(0, 0)")
        time.sleep(0.3)
        told = desk.cdp("Page.captureScreenshot", {"format": "png", "clip": {"x": 0, "y": 0, "width": desk.width, "height": height, "scale": 1}})
        (ROOT / f"deploy/console/{name}.png").write_bytes(base64.b64decode(told["data"]))

    desk.width = 1280
    desk.scheme("light")
    desk.enter()
    shot("light", 900)
    desk.scheme("dark")
    desk.inspect("hugo@example.com")
    shot("dark", 900)
    desk.width = 390
    desk.scheme("light")
    desk.size(390, 1350, True)
    desk.driver.refresh()
    desk.says("Live", "#live")
    desk.until("a list", lambda: desk.all("#rows tr"))
    shot("phone", 1350)


def main():
    desk = Desk()
    try:
        globals()[PART](desk)
    except BaseException:
        print(f"at {desk.path()}:\n{desk.text()[:1500]}")
        raise
    finally:
        desk.driver.quit()


if __name__ == "__main__":
    main()
