<?php // Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... php result.php TOKEN
[$head, $claims, $sign] = explode('.', $argv[1]);
$digest = hash_hmac('sha256', "$head.$claims", getenv('RESULT_SECRET'), true);
$genuine = hash_equals(rtrim(strtr(base64_encode($digest), '+/', '-_'), '='), $sign);
$claims = json_decode(base64_decode(strtr($claims, '-_', '+/')), true);
exit($genuine && $claims['exp'] > time() && $claims['verified'] && $claims['paid'] ? 0 : 1);
