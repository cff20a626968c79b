//! Made-up users and attackers. Their shares are assumptions, set once and not tuned to what the model makes of them; figures of
//! real sign-ins are worse.

use otp_sidecar::risk::signals::Signals;

use crate::support::chance::Chance;

/// A sign-in: whose, on which day of the run.
#[derive(Debug, Clone, Copy)]
pub struct SignIn {
    pub user: u32,
    pub day: f64,
    pub signals: Signals,
}

/// How much an attacker knows: nothing, the country, system and browser too, and the operator, in half of the cases with a
/// stolen device id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attacker {
    Naive,
    Vpn,
    Targeted,
    VeryTargeted,
}

/// Mean days between sign-ins, and the share of users with it.
const EVERY: &[(u16, f64)] = &[(1, 0.06), (3, 0.14), (7, 0.25), (20, 0.30), (45, 0.25)];
const WIN: u16 = 1;
const IOS: u16 = 2;
const ANDROID: u16 = 3;
const MAC: u16 = 4;
const SYSTEMS: &[(u16, f64)] = &[(IOS, 0.30), (WIN, 0.30), (ANDROID, 0.24), (MAC, 0.11), (5, 0.02), (6, 0.03)];
/// Of countries, the last twenty are what the world signs in from and the first where users live.
const HOMES: &[(u16, f64)] = &[(1, 0.93), (2, 0.02), (3, 0.01), (4, 0.01), (5, 0.01), (6, 0.01), (7, 0.01)];
const WORLD: &[u16] = &[6, 8, 9, 10, 11, 12, 13, 7, 5, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 2];

fn browsers(system: u16) -> &'static [(u16, f64)] {
    match system {
        WIN => &[(1, 0.62), (2, 0.25), (3, 0.13)],
        IOS => &[(4, 0.86), (1, 0.14)],
        ANDROID => &[(1, 0.80), (5, 0.15), (3, 0.05)],
        MAC => &[(4, 0.55), (1, 0.38), (3, 0.07)],
        5 => &[(3, 0.55), (1, 0.45)],
        _ => &[(4, 0.9), (1, 0.1)],
    }
}

fn real(chance: &mut Chance) -> f64 {
    (chance.draw() >> 11) as f64 / (1u64 << 53) as f64
}

fn is(chance: &mut Chance, share: f64) -> bool {
    real(chance) < share
}

fn exponential(chance: &mut Chance, mean: f64) -> f64 {
    -mean * (1.0 - real(chance)).ln()
}

fn of(chance: &mut Chance, table: &[(u16, f64)]) -> u16 {
    let mut x = real(chance);
    for (value, share) in table {
        x -= share;
        if x <= 0.0 {
            return *value;
        }
    }
    table[table.len() - 1].0
}

/// An operator by its country and kind: 0 relay, 1 fixed lines, 2 mobile, 3 hosting.
fn operator(country: u16, kind: u32, n: usize) -> u32 {
    (u32::from(country) << 16) + (kind << 8) + n as u32 + 1
}

fn fixed(chance: &mut Chance, country: u16) -> u32 {
    let pareto = (1.0 - real(chance)).powf(-1.0 / 0.8);
    operator(country, 1, (pareto as usize).min(60))
}

fn mobile(chance: &mut Chance, country: u16) -> u32 {
    operator(country, 2, of(chance, &[(1, 0.5), (2, 0.3), (3, 0.2)]).into())
}

fn hosting(chance: &mut Chance, country: u16) -> u32 {
    operator(country, 3, chance.below(30))
}

fn relay(n: usize) -> u32 {
    operator(0, 0, n)
}

/// Mobile operators and relays hand out one of 2,000 shared addresses, others a fresh one.
fn address(chance: &mut Chance, operator: u32) -> u32 {
    let shared = matches!(operator >> 8 & 255, 0 | 2);
    let n = if shared { chance.below(2000) as u32 } else { chance.draw() as u32 | 1 << 31 };
    n.wrapping_mul(2_654_435_761).wrapping_add(operator.wrapping_mul(40_503)) | 1
}

#[derive(Clone, Copy)]
struct Device {
    id: u32,
    system: u16,
    browser: u16,
}

fn id(chance: &mut Chance) -> u32 {
    chance.draw() as u32 | 1
}

fn device(chance: &mut Chance, system: Option<u16>) -> Device {
    let system = system.unwrap_or_else(|| of(chance, SYSTEMS));
    Device { id: id(chance), system, browser: of(chance, browsers(system)) }
}

/// The sign-ins of one user: devices, home, work, mobile, a relay (8 %), a VPN (5 %), journeys, moves, new phones, cleared cookies.
pub fn history(chance: &mut Chance, user: u32, days: f64) -> Vec<SignIn> {
    let (every, home) = (f64::from(of(chance, EVERY)), of(chance, HOMES));
    let phone = if is(chance, 0.5) { IOS } else { ANDROID };
    let computer = if is(chance, 0.7) { WIN } else { MAC };
    let mut devices = vec![device(chance, Some(phone)), device(chance, Some(computer))];
    devices.truncate(if is(chance, 0.6) { 2 } else { 1 });
    let (mut home_op, work_op, phone_op) = (fixed(chance, home), fixed(chance, home), mobile(chance, home));
    let (mut home_net, work_net) = (address(chance, home_op), work_op.wrapping_mul(977) ^ chance.below(400) as u32);
    let (has_relay, has_vpn) = (is(chance, 0.08), is(chance, 0.05));
    let away = chance.pick(&[15, 7, 5, 6, 2, home]);
    // The mean of a beta distribution of 4 and 2, as near as three draws get.
    let p_home = (0..3).map(|_| real(chance)).fold(0.0, f64::max) * 0.9;
    let p_work = if is(chance, 0.5) { real(chance) * 0.3 } else { 0.0 };
    let (mut journey, mut abroad) = (0, home);
    let (mut day, mut all) = (real(chance) * every * 2.0, Vec::new());
    while day < days {
        if is(chance, every / 700.0) {
            let at = chance.below(devices.len());
            let same = is(chance, 0.8).then_some(devices[at].system);
            devices[at] = device(chance, same);
        }
        if is(chance, every / 1200.0) {
            home_op = fixed(chance, home);
            home_net = address(chance, home_op);
        } else if is(chance, every / 250.0) {
            home_net = address(chance, home_op);
        }
        let used = if devices.len() == 1 || is(chance, 0.65) { devices[0] } else { devices[1] };
        if journey == 0 && is(chance, 0.012) {
            journey = 1 + exponential(chance, 1.0 / 0.7) as usize;
            abroad = chance.pick(&WORLD[7..]);
        }
        let x = real(chance);
        let (mut country, op, net) = (home, home_op, home_net);
        let (op, net) = if journey > 0 {
            (journey, country) = (journey - 1, abroad);
            let op = if is(chance, 0.5) { mobile(chance, abroad) } else { fixed(chance, abroad) };
            (op, address(chance, op))
        } else if has_vpn && is(chance, 0.4) {
            country = away;
            let op = hosting(chance, away);
            (op, if is(chance, 0.5) { address(chance, op) } else { op.wrapping_mul(31) | 1 })
        } else if has_relay && matches!(used.system, IOS | MAC) && is(chance, 0.8) {
            let op = relay(chance.below(3));
            (op, address(chance, op))
        } else if x < p_home {
            (op, net)
        } else if x < p_home + p_work {
            (work_op, work_net)
        } else {
            let by_phone = matches!(used.system, IOS | ANDROID) || is(chance, 0.3);
            let op = if by_phone { phone_op } else { fixed(chance, home) };
            (op, address(chance, op))
        };
        let device = if is(chance, 0.03) { id(chance) } else { used.id };
        let signals = Signals {
            country,
            operator: op,
            network: net,
            device,
            system: used.system as u8,
            browser: used.browser as u8,
            ..Signals::default()
        };
        all.push(SignIn { user, day, signals });
        day += exponential(chance, every);
    }
    all
}

/// What an attacker shows who signs in instead of the user.
pub fn attack(chance: &mut Chance, attacker: Attacker, victim: &Signals) -> Signals {
    let of_attacker = device(chance, None);
    let country = if attacker == Attacker::Naive { chance.pick(WORLD) } else { victim.country };
    let hosted = attacker == Attacker::Naive || (attacker == Attacker::Vpn && is(chance, 0.5));
    let mut operator = match () {
        () if hosted => hosting(chance, country),
        () if is(chance, 0.7) => fixed(chance, country),
        () => mobile(chance, country),
    };
    let (mut system, mut browser) = (of_attacker.system as u8, of_attacker.browser as u8);
    if attacker >= Attacker::Targeted {
        (system, browser) = (victim.system, victim.browser);
    }
    let mut device = of_attacker.id;
    if attacker == Attacker::VeryTargeted {
        operator = victim.operator;
        device = if is(chance, 0.5) { victim.device } else { device };
    }
    let network = address(chance, operator);
    Signals { country, operator, network, device, system, browser, ..*victim }
}
