//! The body of a send, carried as well or as badly as its node asks: faults of the wire on demand.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use danbao_protocol::node::Carriage;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// A slow body comes in so many pieces.
const PIECES: usize = 20;
/// What was sent of a cut body gets this long to leave before the connection breaks.
const FLUSH: Duration = Duration::from_millis(200);

/// A body on its way.
pub(super) struct Carried {
    rest: Bytes,
    /// What the head promises that is still to come, whether or not it comes.
    promised: u64,
    piece_bytes: usize,
    pause: Duration,
    is_cut: bool,
    waiting: Option<Pin<Box<Sleep>>>,
}

/// The body ended before its end, as it was asked to.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body is cut on purpose")
    }
}

impl std::error::Error for Cut {}

impl Carried {
    /// As it comes, unless `carriage` says otherwise.
    pub(super) fn new(body: Bytes, carriage: Option<Carriage>) -> Carried {
        let promised = u64::try_from(body.len()).unwrap_or(u64::MAX);
        let whole = body.len();
        let plain = Carried {
            rest: body,
            promised,
            piece_bytes: whole,
            pause: Duration::ZERO,
            is_cut: false,
            waiting: None,
        };
        match carriage {
            None => plain,
            Some(Carriage::Slow(over)) => {
                let piece_bytes = whole.div_ceil(PIECES).max(1);
                let pieces = u32::try_from(whole.div_ceil(piece_bytes)).unwrap_or(1).max(1);
                Carried { piece_bytes, pause: over / pieces, ..plain }
            }
            Some(Carriage::Cut { after_bytes }) => {
                let rest = plain.rest.slice(..after_bytes.min(whole));
                Carried { rest, pause: FLUSH, is_cut: true, ..plain }
            }
        }
    }

    /// The pause before the next piece; before the first of a cut body there is none, so that it arrives.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.pause.is_zero() || (self.is_cut && !self.rest.is_empty()) {
            return Poll::Ready(());
        }
        let pause = self.pause;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(pause)));
        let waited = waiting.as_mut().poll(context);
        if waited.is_ready() {
            self.waiting = None;
        }
        waited
    }
}

impl Body for Carried {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if self.is_end_stream() {
            return Poll::Ready(None);
        }
        if self.poll_pause(context).is_pending() {
            return Poll::Pending;
        }
        if self.rest.is_empty() {
            self.promised = 0;
            return Poll::Ready(Some(Err(Cut)));
        }
        let length = self.piece_bytes.min(self.rest.len());
        let piece = self.rest.split_to(length);
        self.promised = self.promised.saturating_sub(u64::try_from(length).unwrap_or(u64::MAX));
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.promised == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
