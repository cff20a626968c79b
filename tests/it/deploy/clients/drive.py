"""Does with the client in the directory of its argument what each line says, and answers with a line."""
import json, sys

sys.path.insert(0, sys.argv[1])
import otp

session = {}
for line in sys.stdin:
    told = json.loads(line)
    try:
        answer = {"ok": getattr(otp, told["call"])(session, *told["with"])}
    except otp.Refused as refusal:
        answer = {"refused": str(refusal)}
    except Exception as mistake:
        answer = {"mistake": str(mistake)}
    print(json.dumps(answer | {"kept": "otp" in session}), flush=True)
