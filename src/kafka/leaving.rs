//! How a client leaves its group: offsets that were to be committed are, and the group is told (LeaveGroup), so that others, or the
//! next start, need not wait until its session runs out.

use rdkafka::consumer::{BaseConsumer, ConsumerContext};
use std::time::{Duration, Instant};

/// A look at what is still to be answered.
const POLL: Duration = Duration::from_millis(20);

/// Leaves the group, once commits that were sent are answered. librdkafka logs those that fail (COMMITFAIL): it calls nobody back
/// for a commit that was asked for without a queue, so there is nothing to wait for but its end. False if that did not come in time.
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
    left
}
