// Applies what is new in the feed, and ends: SIDECAR=http://... API_TOKEN=... node feed.js postgres://...
const { Pool } = require('pg');
const { apply, transaction } = require('./exactly_once');

async function read(after) {
  const url = `${process.env.SIDECAR}/v1/events?${new URLSearchParams({ after })}`;
  const headers = { Authorization: `Bearer ${process.env.API_TOKEN}` };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(30_000) });
  if (answer.status === 410 && after) return { restored: true, events: [], has_more: true };
  if (!answer.ok) throw new Error(`the sidecar answers ${answer.status}`);
  return answer.json();
}

async function readToTheEnd(pool) {
  for (let page = { has_more: true }; page.has_more;) {
    const { rows: [{ after_id: after }] } = await pool.query('SELECT after_id FROM danbao_cursor');
    page = await read(after);
    await transaction(pool, async (tx) => { // the events and how far they go
      // 410, cursor_unknown: its database was restored. From the beginning, and changes are counted anew.
      if (page.restored) await tx.query('UPDATE danbao_trade SET change = 0');
      for (const event of page.events) await apply(tx, event);
      await tx.query('UPDATE danbao_cursor SET after_id = $1', [page.next ?? '']);
    });
  }
}

const pool = new Pool({ connectionString: process.argv[2] }).on('error', console.error);
readToTheEnd(pool).finally(() => pool.end());
