// Takes in the sidecar's webhooks: WEBHOOK_SECRET=whsec_... node webhook.js PORT postgres://...
const crypto = require('node:crypto'), http = require('node:http'), { Pool } = require('pg');
const { apply, transaction } = require('./exactly_once');

const secret = Buffer.from(process.env.WEBHOOK_SECRET.replace(/^whsec_/, ''), 'base64');
const pool = new Pool({ connectionString: process.argv[3] }).on('error', console.error);

function isGenuine(headers, body) {
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': given = '' } = headers;
  const digest = crypto.createHmac('sha256', secret).update(`${id}.${at}.`).update(body).digest('base64');
  const expected = Buffer.from(`v1,${digest}`);
  const isSame = (one) => one.length === expected.length && crypto.timingSafeEqual(one, expected);
  const fits = given.split(' ').some((one) => isSame(Buffer.from(one)));
  return fits && /^\d+$/.test(at) && Math.abs(Date.now() / 1000 - Number(at)) < 300;
}

async function answer(request) {
  const isSmall = Number(request.headers['content-length']) <= 1_000_000; // as every event is
  const body = isSmall ? Buffer.concat(await request.toArray()) : '';
  if (!isGenuine(request.headers, body)) return 401;
  await transaction(pool, (tx) => apply(tx, JSON.parse(body)));
  return 204;
}

http.createServer(async (request, response) => {
  try {
    response.writeHead(await answer(request)).end();
  } catch (error) {
    console.error(error.message);
    response.writeHead(500).end(); // the sidecar tells the event again
  }
}).listen(Number(process.argv[2]), '127.0.0.1');
