"""Whether the result that a browser brought is the sidecar's: RESULT_SECRET=... python3 result.py TOKEN"""
import base64, hmac, json, os, sys, time

head, claims, sign = sys.argv[1].split(".")
digest = hmac.digest(os.environ["RESULT_SECRET"].encode(), f"{head}.{claims}".encode(), "sha256")
genuine = hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), sign)
claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
sys.exit(0 if genuine and claims["exp"] > time.time() and claims["verified"] and claims["paid"] else 1)
