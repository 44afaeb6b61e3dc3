// Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... node result.js TOKEN
const crypto = require('node:crypto');

function claimsOf(token) {
  const [head, payload, ...signature] = token.split('.');
  const digest = crypto.createHmac('sha256', process.env.RESULT_SECRET).update(`${head}.${payload}`).digest();
  const given = Buffer.from(signature.join('.'), 'base64url');
  const genuine = given.length === digest.length && crypto.timingSafeEqual(given, digest);
  if (!genuine) return null; // nothing in it is looked at
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  return claims.exp > Date.now() / 1000 ? claims : null;
}

const claims = claimsOf(process.argv[2]);
process.exit(claims?.verified && claims.paid ? 0 : 1);
