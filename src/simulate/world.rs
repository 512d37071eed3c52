//! The company as it stands before anybody does anything: calendar, units, people, customers. Everything that makes a day is a
//! function of this and of sub-seeds, so days need not be made in order.

use super::Options;
use super::assumptions::{Assumptions, Innocent};
use super::calendar::Calendar;
use super::customers::Customers;
use super::people::{self, Employee};
use super::sites::{self, Shape, Unit};
use super::{Error, services};

/// What a sub-seed is for, so that no two uses share a sequence.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stream {
    Routine = 1,
    Mood,
    UnitMood,
    Rota,
    Overtime,
    Session,
    Service,
    Episode,
    ActorPool,
    Terminal,
    Event,
    Application,
    Claim,
    Upheaval,
}

/// A time of one day in which a system logged nothing, in milliseconds since midnight; both ends exclusive.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) day: u32,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) system: &'static str,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) assume: &'static Assumptions,
    pub(crate) calendar: Calendar,
    pub(crate) units: Vec<Unit>,
    pub(crate) employees: Vec<Employee>,
    pub(crate) customers: Customers,
    /// Who works in each unit, ascending.
    pub(crate) members: Vec<Vec<u32>>,
    pub(crate) gaps: Vec<Gap>,
}

const CUSTOMERS_PER_EMPLOYEE: u32 = 100;
/// Below this, canaries would stand too close together.
const FEWEST_CUSTOMERS: u32 = 2000;

impl World {
    pub(crate) fn new(options: Options) -> Result<Self, Error> {
        options.check()?;
        let calendar = Calendar::new(options.start, options.days, &options.zone)?;
        let assume = options.assume.figures();
        let vendor_unit = assume.vendor_unit || options.innocent == Some(Innocent::Vendor);
        let units = sites::plan(
            options.employees,
            (options.employees * CUSTOMERS_PER_EMPLOYEE).max(FEWEST_CUSTOMERS),
            &Shape { unequal: assume.unequal, vendor_unit, merger: options.innocent == Some(Innocent::Merger) },
        );
        let employees = people::plan(&options, assume, &calendar, &units);
        let banks_at: Vec<u16> = employees.iter().map(|employee| units[usize::from(employee.unit)].serves[0]).collect();
        let customers = Customers::new(options.seed, &units, &banks_at);
        let mut members = vec![Vec::new(); units.len()];
        for (index, employee) in employees.iter().enumerate() {
            members[usize::from(employee.unit)].push(index as u32);
        }
        Ok(Self { options, assume, calendar, units, employees, customers, members, gaps: Vec::new() })
    }

    pub(crate) fn employee(&self, who: u32) -> &Employee {
        &self.employees[who as usize]
    }

    /// Employees and, after them, service and pooled accounts.
    pub(crate) fn actors(&self) -> u32 {
        self.employees.len() as u32 + services::SERVICES.len() as u32
    }

    pub(crate) fn unit_of(&self, who: u32) -> &Unit {
        &self.units[usize::from(self.employee(who).unit)]
    }

    /// The parts of a sub-seed.
    pub(crate) const fn seed(&self, stream: Stream, a: u64, b: u64) -> [u64; 4] {
        [self.options.seed, stream as u64, a, b]
    }
}
