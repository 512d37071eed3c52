//! Records that come later than anything that is kept: they count on their own day, and in no sum over what is kept.

use crate::model::access::Access;
use crate::profile::justification::Justification;
use crate::profile::{Profile, TARGETED};

impl Profile {
    /// People by name: how many were touched for the first time on their day, all and unexplained; and that nobody is known to be new.
    pub(super) fn apply_beyond(&mut self, access: &Access, justification: &Justification, day: u32) -> (u64, u64, [bool; TARGETED]) {
        let (mut persons, mut unexplained) = (0, 0);
        for (at, subject) in access.subjects.iter().enumerate() {
            persons += u64::from(self.late.is_first(day, subject.0, false));
            let open = justification.unexplained.is_unexplained(at);
            unexplained += u64::from(open && self.late.is_first(day, subject.0, true));
        }
        (persons, unexplained, [false; TARGETED])
    }
}
