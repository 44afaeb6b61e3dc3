//! Numbers that are never used twice, handed out of blocks that the database reserves.

use std::collections::BTreeMap;

use danbao_node::Fault;
use danbao_store::Conn;

use crate::rows::sequence;

const BLOCK: i64 = 1000;

/// The blocks that this node holds. Losing them leaves gaps and nothing else.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    blocks: BTreeMap<&'static str, Block>,
}

#[derive(Debug)]
struct Block {
    next: i64,
    end: i64,
}

impl Numbers {
    /// The next number of a series, starting at 1.
    pub(crate) fn next(&mut self, tx: &mut dyn Conn, series: &'static str) -> Result<i64, Fault> {
        let block = match self.blocks.get_mut(series) {
            Some(block) if block.next < block.end => block,
            _ => {
                let end = sequence::reserve(tx, series, BLOCK)?;
                self.blocks.insert(series, Block { next: end - BLOCK, end });
                self.blocks.get_mut(series).ok_or_else(|| Fault::invariant("a block just put is gone"))?
            }
        };
        let number = block.next;
        block.next += 1;
        Ok(number)
    }

    /// Forgets all blocks, because the transaction that reserved one may have been rolled back.
    pub(crate) fn forget(&mut self) {
        self.blocks.clear();
    }
}
