<?php // Applies what is new in the feed, and ends: SIDECAR=http://... API_TOKEN=... php feed.php DATABASE
declare(strict_types=1);
require __DIR__ . '/exactly_once.php';

function read(string $after): array
{
    $url = getenv('SIDECAR') . '/v1/events?' . http_build_query(['after' => $after]);
    $token = 'Authorization: Bearer ' . getenv('API_TOKEN');
    $http = ['header' => $token, 'ignore_errors' => true, 'timeout' => 30];
    $answer = file_get_contents($url, false, stream_context_create(['http' => $http]));
    $status = (int) explode(' ', $http_response_header[0] ?? 'none 0')[1];
    return match (true) {
        $status === 200 => json_decode($answer, true, 512, JSON_THROW_ON_ERROR),
        $status === 410 && $after => ['restored' => true, 'events' => [], 'has_more' => true],
        default => throw new RuntimeException("the sidecar answers $status"),
    };
}

$db = new PDO("sqlite:$argv[1]");
do {
    $page = read($db->query('SELECT after_id FROM danbao_cursor')->fetchColumn());
    $db->beginTransaction(); // the events and how far they go, in one transaction
    if (isset($page['restored'])) { // 410, cursor_unknown: from the beginning, and changes are counted anew
        $db->exec('UPDATE danbao_trade SET change = 0');
    }
    foreach ($page['events'] as $event) {
        apply($db, $event);
    }
    $db->prepare('UPDATE danbao_cursor SET after_id = ?')->execute([$page['next'] ?? '']);
    $db->commit();
} while ($page['has_more']);
