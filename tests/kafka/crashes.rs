//! What is promised where processes and brokers die: no alert lost, none that contradicts another, no offset before its state.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::run::Run;
use crate::common::kafka::until;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Times that the service is killed.
const KILLS: u64 = 6;

/// Records come in so many pieces, so that the state lags behind by some of them wherever a kill falls.
const PIECES: usize = 60;

#[test]
fn a_service_that_is_killed_again_and_again_tells_the_same_alerts() {
    let Some(broker) = Broker::shared() else { return };
    let run = Run::new("killed", broker.brokers());
    let expected = run.expected();
    let chance = RandomState::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for piece in 0..PIECES {
                run.produce(piece, PIECES);
                std::thread::sleep(Duration::from_millis(300));
            }
        });
        for kill in 0..KILLS {
            let service = run.start();
            let moment = Duration::from_millis(1_000 + chance.hash_one(kill) % 5_000);
            std::thread::sleep(moment);
            service.kill();
            println!("killed after {moment:?}; the state reaches {:?}", run.state());
            run.commits_lie_in_the_state();
        }
    });
    let service = run.start();
    service.ready();
    run.committed(&service);
    assert!(service.stop().success());
    run.holds(&expected);
    assert_eq!(run.topics.committed(&run.group, &run.topic), run.topics.ends(&run.topic));
    run.commits_lie_in_the_state();
}

#[test]
fn a_broker_that_is_killed_and_comes_back_costs_no_alert() {
    let Some(broker) = Broker::start() else { return };
    let run = Run::new("outage", broker.brokers());
    run.produce(0, 2);
    let mut service = run.start();
    let expected = run.expected();
    service.ready();
    for signal in [Broker::kill, Broker::stop] {
        std::thread::sleep(Duration::from_secs(1));
        signal(&broker);
        let status = |wanted| service.get("/readyz").is_some_and(|(status, _)| status == wanted);
        until("it says that it is not ready", || status(503), || service.log());
        broker.restart();
        until("it is ready again", || status(200), || service.log() + &broker.log());
    }
    run.produce(1, 2);
    run.committed(&service);
    assert!(service.is_running());
    assert!(service.stop().success());
    run.holds(&expected);
    run.commits_lie_in_the_state();
}
