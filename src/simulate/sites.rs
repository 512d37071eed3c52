//! Where the company sits: its units in their cities, the customers that each branch holds, and whom the others serve.

use std::ops::Range;

/// What sort of place a unit is; roles have their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SiteKind {
    Branch,
    CallCentre,
    HeadOffice,
    Operations,
}

struct Site {
    name: &'static str,
    city: &'static str,
    code: &'static str,
    place: SiteKind,
    weight: u32,
}

const fn site(name: &'static str, city: &'static str, code: &'static str, place: SiteKind, weight: u32) -> Site {
    Site { name, city, code, place, weight }
}

/// A company too small for all of them has the first ones, so every sort of place stands early.
const SITES: &[Site] = &[
    site("Hangzhou", "Hangzhou", "hz", SiteKind::Branch, 9),
    site("Head Office", "Shanghai", "ho", SiteKind::HeadOffice, 1),
    site("Hefei Call Centre", "Hefei", "hf", SiteKind::CallCentre, 3),
    site("Wuhan Operations", "Wuhan", "wh", SiteKind::Operations, 1),
    site("Ningbo", "Ningbo", "nb", SiteKind::Branch, 6),
    site("Suzhou", "Suzhou", "sz", SiteKind::Branch, 7),
    site("Nanjing", "Nanjing", "nj", SiteKind::Branch, 7),
    site("Chengdu Call Centre", "Chengdu", "cd", SiteKind::CallCentre, 2),
    site("Guangzhou", "Guangzhou", "gz", SiteKind::Branch, 9),
    site("Shenzhen", "Shenzhen", "sn", SiteKind::Branch, 9),
    site("Xi'an", "Xi'an", "xa", SiteKind::Branch, 6),
    site("Qingdao", "Qingdao", "qd", SiteKind::Branch, 5),
    site("Tianjin", "Tianjin", "tj", SiteKind::Branch, 6),
    site("Chongqing", "Chongqing", "cq", SiteKind::Branch, 7),
    site("Changsha", "Changsha", "cs", SiteKind::Branch, 5),
    site("Zhengzhou", "Zhengzhou", "zz", SiteKind::Branch, 5),
    site("Jinan", "Jinan", "jn", SiteKind::Branch, 5),
    site("Dalian", "Dalian", "dl", SiteKind::Branch, 4),
    site("Xiamen", "Xiamen", "xm", SiteKind::Branch, 4),
    site("Kunming", "Kunming", "km", SiteKind::Branch, 4),
];

/// One unit of the company.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub(crate) name: &'static str,
    pub(crate) city: &'static str,
    pub(crate) code: &'static str,
    pub(crate) place: SiteKind,
    pub(crate) weight: u32,
    /// The customers it holds; none where it is not a branch.
    pub(crate) customers: Range<u32>,
    /// The branches whose customers it serves: a branch its own, a call centre some, the others all.
    pub(crate) serves: Vec<u16>,
    /// It belongs to the bank that joins in a merger.
    pub(crate) joins: bool,
}

/// How a company is built beside its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The power to which the weights of places are raised.
    pub(crate) unequal: u32,
    /// A vendor's agents sit as one unit, the last one.
    pub(crate) vendor_unit: bool,
    /// The last third of the branches joins later, and is served by nobody else before.
    pub(crate) merger: bool,
}

/// Where the agents of the vendor sit who are one unit: they serve the first branch.
const VENDOR: Site = site("Blue Harbour Service Desk", "Hefei", "bh", SiteKind::CallCentre, 0);

/// The units of a company of this size, with `customers` shared out among the branches.
pub(crate) fn plan(employees: u32, customers: u32, shape: &Shape) -> Vec<Unit> {
    let sites = &SITES[..SITES.len().min(5 + employees as usize / 40)];
    let weight = |site: &Site| site.weight.pow(shape.unequal);
    let joins = |unit: usize| shape.merger && unit * 3 >= sites.len() * 2 && sites[unit].place == SiteKind::Branch;
    let total: u32 = sites.iter().filter(|site| site.place == SiteKind::Branch).map(weight).sum();
    let served = |unit: &u16| sites[usize::from(*unit)].place == SiteKind::Branch && !joins(usize::from(*unit));
    let branches: Vec<u16> = (0..sites.len() as u16).filter(served).collect();
    let centres = sites.iter().filter(|site| site.place == SiteKind::CallCentre).count();
    let mut held = 0;
    let mut weight_before = 0;
    let mut centres_before = 0;
    let unit = |(index, site): (usize, &Site)| {
        let first = held;
        let serves = match site.place {
            SiteKind::Branch => {
                weight_before += weight(site);
                held = (u64::from(customers) * u64::from(weight_before) / u64::from(total)) as u32;
                vec![index as u16]
            }
            SiteKind::CallCentre => {
                centres_before += 1;
                branches.iter().copied().enumerate().filter(|(nth, _)| nth % centres == centres_before - 1).map(|(_, unit)| unit).collect()
            }
            SiteKind::HeadOffice | SiteKind::Operations => branches.clone(),
        };
        Unit {
            name: site.name,
            city: site.city,
            code: site.code,
            place: site.place,
            weight: weight(site),
            customers: first..held,
            serves,
            joins: joins(index),
        }
    };
    let mut units: Vec<Unit> = sites.iter().enumerate().map(unit).collect();
    if shape.vendor_unit {
        let Site { name, city, code, place, weight } = VENDOR;
        let end = units.last().map_or(0, |unit| unit.customers.end);
        units.push(Unit { name, city, code, place, weight, customers: end..end, serves: vec![0], joins: false });
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Shape = Shape { unequal: 1, vendor_unit: false, merger: false };

    #[test]
    fn every_customer_belongs_to_one_branch_and_every_unit_serves_some() {
        for employees in [1, 50, 2000] {
            let units = plan(employees, 10_000, &PLAIN);
            assert_eq!(units.iter().map(|unit| unit.customers.len()).sum::<usize>(), 10_000);
            assert!(units.windows(2).all(|pair| pair[0].customers.end == pair[1].customers.start));
            assert!(units.iter().all(|unit| !unit.serves.is_empty()));
            assert!(units.iter().flat_map(|unit| &unit.serves).all(|unit| !units[usize::from(*unit)].customers.is_empty()));
        }
    }
}
