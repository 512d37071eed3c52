//! When a local day has closed for everybody: at the end of the UTC day of the same date where no zone of the directory lags behind UTC, else
//! a day later. Employees are compared over a day as soon as it has closed.

use crate::classify::directory::Directory;
use crate::model::zone::Zone;

impl Directory {
    /// How many days after a local day its UTC day has ended for everybody: on the day that begins then, the last day that has closed is
    /// so many days before.
    pub fn days_to_close(&self) -> u32 {
        if self.zones.iter().all(Zone::is_never_behind_utc) { 1 } else { 2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::directory::DirectoryFiles;

    #[test]
    fn days_close_at_midnight_where_nobody_lags_behind() {
        let days = |default: &str, of_one: &str| {
            let employees = format!("employee,timezone\ne1,\ne2,{of_one}\n");
            let files = DirectoryFiles { employees: Some(("e", &employees)), ..DirectoryFiles::default() };
            Directory::parse(&files, Zone::named(default).expect("exists")).expect("is valid").days_to_close()
        };
        assert_eq!(days("Asia/Shanghai", "Europe/Berlin"), 1);
        assert_eq!(days("UTC", ""), 1);
        assert_eq!(days("Asia/Shanghai", "America/New_York"), 2, "one of them lags");
        assert_eq!(days("America/New_York", "Asia/Shanghai"), 2);
    }
}
