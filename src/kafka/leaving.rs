//! How a client leaves its group: offsets that were to be committed are, and the group is told (LeaveGroup), so that others, or the
//! next start, need not wait until its session runs out.

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use std::time::{Duration, Instant};

/// A look at what is still to be answered.
const POLL: Duration = Duration::from_millis(20);

/// Leaves the group, once commits that were sent are answered. librdkafka logs those that fail: it calls nobody back for a commit that
/// was asked for without a queue, so there is nothing to wait for but its end. False, and told, if that did not come in time.
///
/// The client is let go of and not destroyed, which can hang for ever (rust-rdkafka 509, 453, 611): the process ends soon.
pub fn leave<C: ConsumerContext>(consumer: BaseConsumer<C>, within: Duration) -> bool {
    let until = Instant::now() + within;
    // Fails where it has been closed, or after an error for good: then it is in no group.
    let closing = consumer.close_queue().is_ok();
    while closing && !consumer.closed() && Instant::now() < until {
        // What comes of a revocation runs inside of a poll; messages are dropped.
        let _ = consumer.poll(POLL);
    }
    let left = !closing || consumer.closed();
    std::mem::forget(consumer);
    if !left {
        tracing::warn!(
            "kafka: no broker has answered in time: the group waits for this process until its session runs out, and what was committed \
             last may not be; the state has it"
        );
    }
    left
}

/// Lets go of a client that is in no group, without waiting: destroying it can take long, or hang for ever (rust-rdkafka 509).
pub fn let_go<C: ConsumerContext + 'static>(consumer: BaseConsumer<C>) {
    // Where no thread can be started the client is dropped with what the thread was to do.
    let _ = std::thread::Builder::new().name("kafka-leave".to_owned()).spawn(move || drop(consumer));
}
