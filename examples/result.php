<?php // Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... php result.php TOKEN
declare(strict_types=1);

function claims_of(string $token): ?array
{
    [$head, $claims, $signature] = array_pad(explode('.', $token, 3), 3, '');
    $digest = hash_hmac('sha256', "$head.$claims", getenv('RESULT_SECRET'), true);
    if (!hash_equals(rtrim(strtr(base64_encode($digest), '+/', '-_'), '='), $signature)) {
        return null; // not the sidecar's: nothing in it is looked at
    }
    $claims = json_decode(base64_decode(strtr($claims, '-_', '+/')), true, 512, JSON_THROW_ON_ERROR);
    return $claims['exp'] > time() ? $claims : null;
}

$claims = claims_of($argv[1]);
exit($claims && $claims['verified'] && $claims['paid'] ? 0 : 1);
