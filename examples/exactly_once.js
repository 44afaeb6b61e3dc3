// Applies an event of the sidecar exactly once: transaction(pool, (tx) => apply(tx, event))
exports.apply = async (tx, { id, type, data }) => {
  const fresh = await tx.query('INSERT INTO danbao_event (id) VALUES ($1) ON CONFLICT DO NOTHING', [id]);
  if (fresh.rowCount === 0) return; // applied before
  if ('change' in data) { // a refund, a login or an address has none: see its type
    await tx.query(
      `INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES ($1, $2, $3, $4)
      ON CONFLICT (out_trade_no) DO UPDATE
      SET change = excluded.change, trade_status = excluded.trade_status
      WHERE danbao_trade.change < excluded.change`,
      [data.out_trade_no, data.order_no, data.change, data.trade_status]);
  }
  if (type === 'order.paid') { // the shop's own side of it, in the same transaction
    const paid = [data.order_no, data.total_fee];
    await tx.query(
      'INSERT INTO delivery (order_no, total_fee) VALUES ($1, $2) ON CONFLICT DO NOTHING', paid);
  }
};

exports.transaction = async (pool, work) => {
  const tx = await pool.connect();
  try {
    await tx.query('BEGIN');
    await work(tx);
    await tx.query('COMMIT');
    tx.release();
  } catch (error) {
    tx.release(error); // closes the connection, which rolls back
    throw error;
  }
};
