//! Whom an employee looked at without a known reason on the last days, one by one: what the second stage compares between employees.
//!
//! Of a day with more people than are kept, those with the smallest prints are. All employees keep by the same rule, so what two
//! samples share tells what two days share (Cohen and Kaplan, "Summarizing data using bottom-k sketches", 2007).

use crate::model::access::Subject;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// People of one day that are kept.
const KEPT: usize = 128;
/// Days that are kept: until a day has closed in every time zone.
const DAYS: usize = 4;

/// The people of one day.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct People {
    /// The day.
    pub day: u32,
    /// Their prints, ascending.
    pub subjects: Vec<u64>,
}

/// The people of the last days.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Touched {
    days: VecDeque<People>,
}

impl Touched {
    /// Notes a look.
    pub fn note(&mut self, subject: Subject, day: u32) {
        if self.days.back().is_none_or(|newest| newest.day < day) {
            if self.days.len() == DAYS {
                self.days.pop_front();
            }
            if self.days.len() == self.days.capacity() {
                self.days.reserve_exact(1);
            }
            self.days.push_back(People { day, subjects: Vec::new() });
        }
        // What comes after its day has been compared is compared with the oldest day that has not.
        let Some(at) = self.days.iter().rposition(|people| people.day <= day).or(Some(0)).filter(|at| *at < self.days.len()) else {
            return;
        };
        let people = &mut self.days[at];
        if let Err(at) = people.subjects.binary_search(&subject.0) {
            if people.subjects.len() == KEPT {
                if at == KEPT {
                    return;
                }
                people.subjects.pop();
            }
            // Most days are short: room is made by little at a time.
            if people.subjects.len() == people.subjects.capacity() {
                people.subjects.reserve_exact(1 + people.subjects.len() / 2);
            }
            people.subjects.insert(at, subject.0);
        }
    }

    /// Takes out the people of the days up to `last`.
    pub fn take(&mut self, last: u32) -> Vec<People> {
        let ready = self.days.iter().take_while(|people| people.day <= last).count();
        self.days.drain(..ready).collect()
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        let people: usize = self.days.iter().map(|people| people.subjects.capacity() * size_of::<u64>()).sum();
        self.days.capacity() * size_of::<People>() + people
    }
}
