//! Families of systems and browsers, by what user agents have in them. No versions: with them every update would be
//! something new. An iPad that says it is a Mac is one.

/// What stands in a user agent, in the order in which it is looked for, the family's number and its name.
type Families = &'static [(&'static str, u8, &'static str)];

const SYSTEMS: Families = &[
    ("bot", 8, "bot"),
    ("Bot", 8, "bot"),
    ("crawler", 8, "bot"),
    ("spider", 8, "bot"),
    ("iPad", 3, "ipados"),
    ("iPhone", 2, "ios"),
    ("iPod", 2, "ios"),
    ("CFNetwork", 2, "ios"),
    ("Android", 4, "android"),
    ("okhttp", 4, "android"),
    ("Windows", 1, "windows"),
    ("Mac OS X", 5, "macos"),
    ("Macintosh", 5, "macos"),
    ("CrOS", 6, "chromeos"),
    ("Linux", 7, "linux"),
    ("X11", 7, "linux"),
    ("", 9, "other"),
];

const BROWSERS: Families = &[
    ("bot", 7, "bot"),
    ("Bot", 7, "bot"),
    ("crawler", 7, "bot"),
    ("spider", 7, "bot"),
    ("SamsungBrowser", 5, "samsung"),
    ("Edg", 2, "edge"),
    ("OPR/", 6, "opera"),
    ("Opera", 6, "opera"),
    ("FxiOS", 3, "firefox"),
    ("Firefox", 3, "firefox"),
    ("CriOS", 1, "chrome"),
    ("Chrome", 1, "chrome"),
    ("Chromium", 1, "chrome"),
    ("Safari", 4, "safari"),
    ("", 8, "other"),
];

/// The numbers of a user agent's system and browser; 0 where there is none.
pub fn of(user_agent: &str) -> (u8, u8) {
    if user_agent.is_empty() {
        return (0, 0);
    }
    let first = |families: Families| families.iter().find(|(part, ..)| user_agent.contains(part)).map_or(0, |of| of.1);
    (first(SYSTEMS), first(BROWSERS))
}

/// The name of a system.
pub fn system(number: u32) -> &'static str {
    SYSTEMS.iter().find(|of| u32::from(of.1) == number).map_or("other", |of| of.2)
}
