// Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... node result.js TOKEN
const crypto = require('node:crypto');
const [head, claims, sign] = process.argv[2].split('.');
const digest = crypto.createHmac('sha256', process.env.RESULT_SECRET).update(`${head}.${claims}`).digest();
const given = Buffer.from(sign, 'base64url');
const genuine = given.length === digest.length && crypto.timingSafeEqual(given, digest);
const { exp, verified, paid } = JSON.parse(Buffer.from(claims, 'base64url'));
process.exit(genuine && exp > Date.now() / 1000 && verified && paid ? 0 : 1);
