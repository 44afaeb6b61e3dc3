<?php // Takes in the sidecar's webhooks: WEBHOOK_SECRET=whsec_... DATABASE=... php -S HOST:PORT webhook.php
declare(strict_types=1);
require __DIR__ . '/exactly_once.php';

ini_set('display_errors', '0'); // else PHP shows an error to the caller, and answers 200 with it
http_response_code(500); // of whatever ends early, even by die(): the sidecar tells the event again

function is_genuine(string $body): bool
{
    $secret = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", $secret, true));
    $given = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '');
    $fitting = array_filter($given, fn(string $one): bool => hash_equals($expected, $one));
    return $fitting && ctype_digit($at) && abs(time() - (int) $at) < 300;
}

$body = file_get_contents('php://input');
if (!is_genuine($body)) {
    http_response_code(401);
    exit;
}
$db = new PDO('sqlite:' . getenv('DATABASE'));
$db->beginTransaction(); // rolled back at the end of the script if an exception comes before the commit
apply($db, json_decode($body, true, 512, JSON_THROW_ON_ERROR));
$db->commit();
http_response_code(204);
