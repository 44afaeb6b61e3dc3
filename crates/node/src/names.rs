//! Names for what a node sends and keeps.

use danbao_protocol::node::SendId;
use danbao_protocol::time::Timestamp;

/// Numbers for naming things. A number is never given twice in one life of a node, not even after a rollback, and each
/// life of its database has its own.
#[derive(Debug)]
pub struct Names {
    life: u64,
    send: u64,
    message: u64,
}

impl Names {
    /// The names of one life, counted in the database.
    pub fn new(life: u64) -> Names {
        Names { life, send: 1, message: 1 }
    }

    /// A name for a send.
    pub fn send(&mut self) -> SendId {
        let id = SendId(self.send);
        self.send += 1;
        id
    }

    /// An id that no message has, later ones sorting after earlier ones.
    pub fn message(&mut self, now: Timestamp) -> String {
        let id = self.message;
        self.message += 1;
        format!("{:014x}-{:06x}-{id:08x}", now.0, self.life)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_sort_by_instant_then_life_then_order_and_no_two_are_named_alike() {
        let (mut first, mut second) = (Names::new(1), Names::new(2));
        let at = Timestamp(1_330_000_000_000);
        let named =
            [first.message(at), first.message(at), second.message(at), first.message(Timestamp(at.0 + 1))];
        assert!(named.is_sorted_by(|a, b| a < b), "{named:?}");
        assert_eq!(named[0], "000135aa2d7400-000001-00000001");
        assert_eq!((first.send(), first.send()), (SendId(1), SendId(2)));
    }
}
