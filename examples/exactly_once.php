<?php // Applies an event of the sidecar exactly once, in the transaction of the caller.
declare(strict_types=1);

function apply(PDO $db, array $event): void
{
    $new = $db->prepare('INSERT INTO danbao_event (id) VALUES (?) ON CONFLICT DO NOTHING');
    $new->execute([$event['id']]);
    if ($new->rowCount() === 0) {
        return; // applied before
    }
    $data = $event['data'];
    if (isset($data['change'])) { // a refund, a login or an address has none: see its type
        $trade = $db->prepare(
            'INSERT INTO danbao_trade (out_trade_no, order_no, change, trade_status) VALUES (?, ?, ?, ?)
            ON CONFLICT (out_trade_no) DO UPDATE
            SET change = excluded.change, trade_status = excluded.trade_status
            WHERE danbao_trade.change < excluded.change'
        );
        $trade->execute([$data['out_trade_no'], $data['order_no'], $data['change'], $data['trade_status']]);
    }
    if ($event['type'] === 'order.paid') { // the shop's own side of it, in the same transaction
        $delivery = $db->prepare(
            'INSERT INTO delivery (order_no, total_fee) VALUES (?, ?) ON CONFLICT DO NOTHING'
        );
        $delivery->execute([$data['order_no'], $data['total_fee']]);
    }
}
