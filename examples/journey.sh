#!/usr/bin/env bash
# From application to code and to its suspension, twice: by curl, then by qxm. Needs a running demo node (npm start).
#
#   bash examples/journey.sh
#
# QXM_URL says where the node is, QXM_KEY is an operator's key (of the demo when absent), HANDLE_SERVER is host:port of
# the node's Handle door. Each run makes two enterprises that do not exist, with credit codes of their own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
url=${QXM_URL:-http://127.0.0.1:8000}
handle_server=${HANDLE_SERVER:-127.0.0.1:2641}
operator=${QXM_KEY:-$(cat "$here/../data/demo/operator.key")}
unset QXM_KEY

# An installed qxm, else the one that was built here.
command -v qxm > /dev/null || qxm() { node "$here/../dist/src/main.js" "$@"; }

# as KEY qxm …: one command with somebody's credential.
as() { local key=$1; shift; QXM_URL=$url QXM_KEY=$key "$@"; }

# ask KEY METHOD PATH [BODY]: one request by curl; a refusal ends the script and is shown.
ask() {
  local key=$1 method=$2 path=$3 body=${4:-}
  curl -sS --fail-with-body -X "$method" "$url$path" -H "Authorization: Bearer $key" \
    ${body:+-H 'Content-Type: application/json' -d "$body"}
}

# member NAME < JSON: one member of an object.
member() { node -p "JSON.parse(fs.readFileSync(0, 'utf8'))['$1']"; }

# expect WHAT TEXT FOUND: says what is true now, or ends.
expect() {
  if grep -qF -- "$2" <<< "$3"; then echo "  ok  $1"; else
    echo "  NO  $1: not '$2' but: $3" >&2
    exit 1
  fi
}

new_client() { ask "$operator" POST /v1/clients "{\"name\":\"example $1\",\"role\":\"$1\"}" | member key; }

status_over_handle() { qxm resolve "$1" --via tcp --server "$handle_server" --type STATUS --lang en; }

reviewer=$(new_client reviewer)

echo '== by curl'
firm=$(new_client enterprise)
basic=$(node "$here/new-firm.js")
consent='{"purpose":"申请企信码","until":"2031-01-01T00:00:00Z"}'

id=$(ask "$firm" POST /v1/applications \
  "{\"basic\":$basic,\"consent\":$consent,\"declaration\":true,\"submit\":true}" | member id)
expect 'it waits for a reviewer' "\"about\":\"application:$id\"" "$(ask "$reviewer" GET /v1/notices)"
expect 'it is in the queue' "\"id\":\"$id\"" "$(ask "$reviewer" GET /v1/applications)"
ask "$reviewer" POST "/v1/applications/$id:assign" '{}' > /dev/null
ask "$reviewer" POST "/v1/applications/$id:decide" \
  '{"decision":"return","comments":{"法人代表":"与营业执照不符"}}' > /dev/null
expect 'it came back with a comment' '"legalRepresentative":"与营业执照不符"' \
  "$(ask "$firm" GET "/v1/applications/$id")"
ask "$firm" PATCH "/v1/applications/$id" '{"basic":{"法人代表":"示例戊"}}' > /dev/null
ask "$firm" POST "/v1/applications/$id:submit" > /dev/null
code=$(ask "$reviewer" POST "/v1/applications/$id:decide" \
  '{"decision":"approve","subject":{"grade":"B"}}' | member code)
echo "  the code is $code"

page=$(curl -sS --fail-with-body "$url/C/$code" -H 'Accept: text/html' -H 'Accept-Language: en')
expect 'a scan opens its page' '示例智能装备有限公司' "$page"
expect 'it resolves over Handle TCP' active "$(status_over_handle "$code")"
ask "$reviewer" POST "/v1/enterprises/${code##*/}:suspend" '{"reason":"核查中"}' > /dev/null
expect 'it is suspended over HTTP' '"status":"suspended"' "$(ask "$firm" GET "/v1/resolve/$code")"
expect 'it is suspended over Handle TCP' suspended "$(status_over_handle "$code")"

echo '== by qxm'
firm=$(new_client enterprise)
filing=$(mktemp)
label=$(mktemp)
trap 'rm -f "$filing" "$label"' EXIT
node "$here/new-firm.js" > "$filing"

id=$(as "$firm" qxm apply --file "$filing" --consent 申请企信码 --declare --submit --json | member id)
expect 'it waits for a reviewer' "application:$id" "$(as "$reviewer" qxm notices)"
expect 'it is in the queue' "$id" "$(as "$reviewer" qxm review list)"
as "$reviewer" qxm review take "$id" > /dev/null
as "$reviewer" qxm review return "$id" --comment 法人代表=与营业执照不符 > /dev/null
expect 'it came back with a comment' 与营业执照不符 "$(as "$firm" qxm apply show "$id")"
as "$firm" qxm apply edit "$id" --field 法人代表=示例戊 --submit > /dev/null
code=$(as "$reviewer" qxm review approve "$id" --grade B --json | member code)
echo "  the code is $code"

as "$firm" qxm label "$code" --svg --mm 20 --out "$label" > /dev/null
expect 'its label is printed' "/C/$code" "$(tr '[:lower:]' '[:upper:]' < "$label")"
expect 'it resolves over Handle TCP' active "$(status_over_handle "$code")"
as "$reviewer" qxm code suspend "$code" --reason 核查中 > /dev/null
expect 'it is suspended over HTTP' suspended "$(as "$firm" qxm resolve "$code" --lang en)"
expect 'it is suspended over Handle TCP' suspended "$(status_over_handle "$code")"
