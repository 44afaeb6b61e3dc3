<?php // Takes in the sidecar's webhooks, each event exactly once: DATABASE=shop.db php -S 127.0.0.1:PORT exactly_once.php
declare(strict_types=1);

function is_genuine(string $body): bool {
    $secret = base64_decode(preg_replace('/^whsec_/', '', getenv('WEBHOOK_SECRET')));
    $at = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '0';
    $signed = ($_SERVER['HTTP_WEBHOOK_ID'] ?? '') . ".$at.$body";
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', $signed, $secret, true));
    $given = explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '');
    return array_filter($given, fn($one) => hash_equals($expected, $one)) && abs(time() - (int) $at) < 300;
}

function take_in(PDO $db, array $event): void {
    $data = $event['data'];
    $new = $db->prepare('INSERT INTO danbao_event (id) VALUES (?) ON CONFLICT DO NOTHING');
    $new->execute([$event['id']]);
    if ($new->rowCount() === 0) return; // taken in before
    if (!isset($data['change'])) return; // a refund, a login, an address: see its type
    $db->prepare('INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES (?, ?, ?, ?)
        ON CONFLICT (out_trade_no) DO UPDATE SET change = excluded.change, trade_status = excluded.trade_status
        WHERE danbao_trade.change < excluded.change')
        ->execute([$data['out_trade_no'], $data['order_no'], $data['change'], $data['trade_status']]);
    if ($event['type'] === 'order.paid') {
        $db->prepare('INSERT INTO delivery (order_no, total_fee) VALUES (?, ?)')
            ->execute([$data['order_no'], $data['total_fee']]);
    }
}

$body = file_get_contents('php://input');
if (!is_genuine($body)) { http_response_code(401); exit; }
$db = new PDO('sqlite:' . getenv('DATABASE'), null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$db->beginTransaction(); // an exception ends the script, which rolls back and answers 500: the sidecar tells it again
take_in($db, json_decode($body, true, 512, JSON_THROW_ON_ERROR));
$db->commit();
http_response_code(204);
