//! An isolation forest (Liu, Ting, Zhou 2008) over all measures: days that few random cuts isolate are anomalous. Trained anew every
//! week on all earlier days.

use crate::evaluate::reference::{EmployeeDay, ReferenceDetector};
use crate::profile::measure::Measure;
use crate::random::SplitMix64;
use std::collections::BTreeMap;
use std::sync::Arc;

const TREES: usize = 100;
const SAMPLE: usize = 256;
/// Days after which the forest is trained anew.
const STALE: u32 = 7;
/// Fewest employee-days to train on; with fewer, nothing is anomalous.
const FEWEST: usize = 64;

/// Features: each measure as ln(1 + figure), then people and unexplained people relative to the employee's median.
const FEATURES: usize = Measure::COUNT + 2;
type Features = [f64; FEATURES];

/// The forest and its training data.
pub struct IsolationForest {
    random: SplitMix64,
    learnt: Vec<Features>,
    own: BTreeMap<Arc<str>, [Vec<f64>; 2]>,
    trees: Vec<Tree>,
    grown: u32,
}

/// A tree as a list of nodes; node 0 is the root.
struct Tree(Vec<Node>);

enum Node {
    /// Left below the cut, right from it on.
    Cut { feature: usize, at: f64, left: usize, right: usize },
    /// The number of samples that end here.
    Leaf(usize),
}

impl IsolationForest {
    /// The same seed grows the same trees.
    pub fn seeded(seed: u64) -> IsolationForest {
        IsolationForest { random: SplitMix64::new(seed), learnt: Vec::new(), own: BTreeMap::new(), trees: Vec::new(), grown: 0 }
    }

    fn features(&self, day: &EmployeeDay) -> Features {
        let mut features = [0.0; FEATURES];
        for (feature, figure) in features.iter_mut().zip(day.figures) {
            *feature = f64::from(figure).ln_1p();
        }
        let own = self.own.get(&day.who);
        for (at, measure) in COMPARED.into_iter().enumerate() {
            let usual = own.and_then(|own| crate::evaluate::score::median(&mut own[at].clone()));
            let figure = f64::from(day.figures[measure as usize]);
            features[Measure::COUNT + at] = usual.map_or(0.0, |usual| ((figure + 1.0) / (usual + 1.0)).ln());
        }
        features
    }

    fn grow(&mut self) {
        let deepest = (SAMPLE as f64).log2().ceil() as usize;
        self.trees.clear();
        for _ in 0..TREES {
            let sample: Vec<usize> = (0..SAMPLE.min(self.learnt.len())).map(|_| self.random.below(self.learnt.len())).collect();
            let mut nodes = Vec::new();
            split(&self.learnt, sample, deepest, &mut self.random, &mut nodes);
            self.trees.push(Tree(nodes));
        }
    }
}

const COMPARED: [Measure; 2] = [Measure::Persons, Measure::Unexplained];

fn split(all: &[Features], sample: Vec<usize>, depth: usize, random: &mut SplitMix64, nodes: &mut Vec<Node>) -> usize {
    let place = nodes.len();
    nodes.push(Node::Leaf(sample.len()));
    let range = |feature: usize| {
        let values = sample.iter().map(|at| all[*at][feature]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)))
    };
    let varied: Vec<usize> = (0..FEATURES).filter(|feature| range(*feature).0 < range(*feature).1).collect();
    if depth == 0 || sample.len() < 2 || varied.is_empty() {
        return place;
    }
    let feature = varied[random.below(varied.len())];
    let (low, high) = range(feature);
    let at = low + random.unit() * (high - low);
    let (below, from): (Vec<usize>, Vec<usize>) = sample.into_iter().partition(|row| all[*row][feature] < at);
    let left = split(all, below, depth - 1, random, nodes);
    let right = split(all, from, depth - 1, random, nodes);
    nodes[place] = Node::Cut { feature, at, left, right };
    place
}

/// Mean depth of an unsuccessful search in a binary search tree of `n` nodes.
fn usual_depth(n: usize) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let n = n as f64;
    2.0 * ((n - 1.0).ln() + 0.577_215_664_9) - 2.0 * (n - 1.0) / n
}

impl Tree {
    fn depth(&self, features: &Features) -> f64 {
        let (mut at, mut depth) = (0, 0.0);
        loop {
            match &self.0[at] {
                Node::Leaf(n) => return depth + usual_depth(*n),
                Node::Cut { feature, at: cut, left, right } => {
                    at = if features[*feature] < *cut { *left } else { *right };
                    depth += 1.0;
                }
            }
        }
    }
}

impl ReferenceDetector for IsolationForest {
    fn score(&self, day: &EmployeeDay) -> f64 {
        if self.trees.is_empty() {
            return 0.0;
        }
        let features = self.features(day);
        let mean = self.trees.iter().map(|tree| tree.depth(&features)).sum::<f64>() / self.trees.len() as f64;
        (-mean / usual_depth(SAMPLE) * std::f64::consts::LN_2).exp()
    }

    fn learn(&mut self, days: &[EmployeeDay]) {
        let features: Vec<Features> = days.iter().map(|day| self.features(day)).collect();
        self.learnt.extend(features);
        for day in days {
            let own = self.own.entry(day.who.clone()).or_default();
            for (figures, measure) in own.iter_mut().zip(COMPARED) {
                figures.push(f64::from(day.figures[measure as usize]));
            }
        }
        let today = days.first().map_or(0, |day| day.day);
        if self.learnt.len() >= FEWEST && (self.trees.is_empty() || today >= self.grown + STALE) {
            self.grown = today;
            self.grow();
        }
    }
}
