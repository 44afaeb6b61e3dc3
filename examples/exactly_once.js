// Takes in the sidecar's webhooks, each event exactly once: node exactly_once.js PORT postgres://... (needs `npm i pg`)
const crypto = require('node:crypto'), http = require('node:http'), { Pool } = require('pg');

const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
const db = new Pool({ connectionString: process.argv[3] });

function isGenuine(headers, body) {
  const at = headers['webhook-timestamp'];
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${at}.`), body]);
  const expected = Buffer.from('v1,' + crypto.createHmac('sha256', secret).update(signed).digest('base64'));
  const given = (headers['webhook-signature'] ?? '').split(' ').map((one) => Buffer.from(one));
  const fits = given.some((one) => one.length === expected.length && crypto.timingSafeEqual(one, expected));
  return fits && Math.abs(Date.now() / 1000 - Number(at)) < 300;
}

async function takeIn(tx, { id, type, data }) {
  const fresh = await tx.query('INSERT INTO danbao_event (id) VALUES ($1) ON CONFLICT DO NOTHING', [id]);
  if (fresh.rowCount === 0) return; // taken in before
  if (!data.change) return; // a refund, a login, an address: see its type
  await tx.query(`INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES ($1, $2, $3, $4)
    ON CONFLICT (out_trade_no) DO UPDATE SET change = excluded.change, trade_status = excluded.trade_status
    WHERE danbao_trade.change < excluded.change`, [data.out_trade_no, data.order_no, data.change, data.trade_status]);
  if (type === 'order.paid') {
    await tx.query('INSERT INTO delivery (order_no, total_fee) VALUES ($1, $2)', [data.order_no, data.total_fee]);
  }
}

http.createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray());
  if (!isGenuine(request.headers, body)) return response.writeHead(401).end();
  const tx = await db.connect();
  try {
    await tx.query('BEGIN');
    await takeIn(tx, JSON.parse(body));
    await tx.query('COMMIT');
    response.writeHead(204).end();
  } catch (error) {
    await tx.query('ROLLBACK');
    response.writeHead(500).end(); // the sidecar tells it again
  } finally {
    tx.release();
  }
}).listen(Number(process.argv[2]), '127.0.0.1');
