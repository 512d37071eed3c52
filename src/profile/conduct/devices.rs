//! From where an employee works: which devices are familiar, and whether two are used at once.

use crate::model::access::ClientPrint;
use serde::{Deserialize, Serialize};

/// Devices that are remembered; the one not seen for longest goes first.
const REMEMBERED: usize = 12;
/// Days after which a device is familiar.
pub const FAMILIAR: u32 = 7;
/// Two devices within so many milliseconds are used at once.
const AT_ONCE: i64 = 600_000;

/// A device, and when it was used.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Device {
    print: u64,
    first: u32,
    last: u32,
}

/// The devices of one employee.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Devices {
    known: Vec<Device>,
    /// The newest access with a device: when, and from which.
    last: (i64, u64),
}

/// What the device of an access tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    /// First used so recently that it is not familiar, while others are.
    pub unfamiliar: bool,
    /// Another device was used within minutes.
    pub switched: bool,
}

impl Devices {
    /// Notes an access on a local day.
    pub fn note(&mut self, client: ClientPrint, day: u32, ms: i64) -> Seen {
        // A host name stays where addresses change; an address alone has to do where there is none.
        let print = if client.host != 0 { client.host } else { client.ip };
        if print == 0 {
            return Seen::default();
        }
        let (before, device) = self.last;
        let switched = device != 0 && device != print && (ms - before).abs() < AT_ONCE;
        // A late record does not turn the time back.
        if ms >= before {
            self.last = (ms, print);
        }
        let oldest = self.known.iter().map(|known| known.first).min();
        let at = self.known.iter().position(|known| known.print == print).unwrap_or_else(|| {
            if self.known.len() == REMEMBERED {
                let stale = (0..REMEMBERED).min_by_key(|at| self.known[*at].last).unwrap_or(0);
                self.known.swap_remove(stale);
            }
            if self.known.len() == self.known.capacity() {
                self.known.reserve_exact(1);
            }
            self.known.push(Device { print, first: day, last: day });
            self.known.len() - 1
        });
        let known = &mut self.known[at];
        known.last = known.last.max(day);
        let settled = oldest.is_some_and(|oldest| oldest + 2 * FAMILIAR <= day);
        Seen { unfamiliar: settled && known.first + FAMILIAR > day, switched }
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.known.capacity() * size_of::<Device>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{DAY_MS, HOUR_MS};

    fn from(host: u64) -> ClientPrint {
        ClientPrint { host, ..ClientPrint::default() }
    }

    #[test]
    fn a_new_device_stays_new_for_a_week_and_a_newcomers_first_is_not() {
        let mut devices = Devices::default();
        assert_eq!(devices.note(from(1), 1, 0), Seen::default());
        (2..30).for_each(|day| assert_eq!(devices.note(from(1), day, i64::from(day) * DAY_MS), Seen::default()));
        let at = |day: u32| i64::from(day) * DAY_MS + HOUR_MS;
        assert!(devices.note(from(2), 30, at(30)).unfamiliar && devices.note(from(2), 36, at(36)).unfamiliar);
        assert!(!devices.note(from(2), 37, at(37)).unfamiliar);
    }

    #[test]
    fn two_devices_within_minutes_are_a_switch() {
        let mut devices = Devices::default();
        devices.note(from(1), 1, 0);
        assert!(devices.note(from(2), 1, 60_000).switched);
        assert!(!devices.note(from(2), 1, 120_000).switched);
        assert!(!devices.note(from(1), 1, 4_000_000).switched);
        assert!(!devices.note(from(2), 1, 1_000_000).switched, "a late record of another time");
        assert!(!devices.note(from(1), 1, 4_001_000).switched, "does not move the newest");
    }
}
