"""Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... python3 result.py TOKEN"""
import base64, hmac, json, os, sys, time

def claims_of(token):
    signed, _, signature = token.rpartition(".")
    digest = hmac.digest(os.environ["RESULT_SECRET"].encode(), signed.encode(), "sha256")
    if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), signature.encode()):
        return None  # not the sidecar's: nothing in it is looked at
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    return claims if claims["exp"] > time.time() else None

claims = claims_of(sys.argv[1])
sys.exit(0 if claims and claims["verified"] and claims["paid"] else 1)
