#!/usr/bin/env bash
# Build the image and run all that compose.yaml runs, as compose.yaml runs it: without root, on a read-only root file
# system, without capabilities. The base is made of Debian's packages, so that no image is pulled.
#
#   sudo deploy/prove.sh [FOLDER]        FOLDER keeps base and database; default: a new one, removed at the end
#
# Needs Linux on x86_64, root, and of Debian: buildah podman runc mmdebstrap jq curl. Where one is absent it says so and
# exits with 77. It takes some minutes, 6 GB of disk, and the ports 4200, 5499 and 8099 of 127.0.0.1.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() { echo "skipped: $1"; exit 77; }
[ "$(uname -sm)" = "Linux x86_64" ] || skip "the packages are pinned for Linux on x86_64"
[ "$(id -u)" = 0 ] || skip "making a base of Debian's packages needs root"
for program in buildah podman runc mmdebstrap jq curl; do
    command -v "$program" > /dev/null || skip "$program is absent"
done

export BUILDAH_ISOLATION=chroot
DEBIAN=${DEBIAN:-bookworm} FOLDER=${1:-} IMAGE=localhost/sigmasight:proof BASE=localhost/sigmasight-base:proof
OF_DEMO=demo_individual@sigmasight.com # the demo makes no accounts on a server that others reach
DATABASE_PORT=5499 API=http://127.0.0.1:8099/api/v1
ADDRESS=127.0.0.1:$DATABASE_PORT
[ -n "$FOLDER" ] || { FOLDER=$(mktemp -d /var/tmp/sigmasight-proof.XXXX); TEMPORARY=yes; }
mkdir -p "$FOLDER/data" "$FOLDER/home"
chown 10001:10001 "$FOLDER/data" "$FOLDER/home"

done_with() {
    podman rm --force --ignore --time 20 proof-api proof-schedule proof-database > /dev/null 2>&1 || true
    [ -z "${TEMPORARY:-}" ] || rm -rf "$FOLDER"
}
trap done_with EXIT
seconds() { date +%s.%N; }
since() { printf '%.1f s' "$(echo "$(seconds) $1" | awk '{print $1 - $2}')"; }
say() { printf '  %-46s %s\n' "$1" "${2:-ok}"; }
fail() { echo "FAILED: $1" >&2; exit 1; }
secret() { od -An -tx1 -N24 /dev/urandom | tr -d ' \n'; }

# As compose.yaml: read_only, cap_drop, no-new-privileges, tmpfs. The limits are what a nested machine allows.
LIMITED=(--runtime runc --network host --read-only --cap-drop all --security-opt no-new-privileges
    --ulimit nofile=16384:16384 --ulimit nproc=8192:8192 --tmpfs "/tmp:mode=1777")
HARDENED=(--no-healthcheck "${LIMITED[@]}")
HOME_ON_TMPFS=(--tmpfs "/var/lib/sigmasight:mode=1777")
HOME_ON_VOLUME=(--volume "$FOLDER/home:/var/lib/sigmasight")

# --- the image ----------------------------------------------------------------------------------------------------

if ! podman image exists "$BASE"; then
    begun=$(seconds)
    mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,python3-pip,ca-certificates "$DEBIAN" "$FOLDER/base.tar"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$FOLDER/base.tar" / > /dev/null
    buildah commit --quiet --rm "$container" "$BASE" > /dev/null
    rm "$FOLDER/base.tar"
    say "base of Debian $DEBIAN" "$(since "$begun")"
fi
begun=$(seconds)
# the machine's certificates, for indexes behind a proxy of its own
buildah bud --layers --quiet --format docker --network host --volume /etc/ssl/certs:/etc/ssl/certs:ro \
    --build-arg "BASE=$BASE" --file deploy/Containerfile --tag "$IMAGE" . > "$FOLDER/build.log" 2>&1 \
    || { tail -20 "$FOLDER/build.log"; fail "the image is not built"; }
say "image built" "$(since "$begun")"
size() { podman image inspect --format '{{.Size}}' "$1" | awk '{printf "%.0f MB", $1 / 1e6}'; }
say "size of the image, and of its base" "$(size "$IMAGE"), $(size "$BASE")"
podman history --format '    {{.Size}}  {{.CreatedBy}}' "$IMAGE" | grep -v '  0 B' | cut -c1-100
podman run --rm "${HARDENED[@]}" --entrypoint sh "$IMAGE" -c \
    '[ "$(id -u)" = 10001 ] && ! touch /opt/x 2>/dev/null && ! command -v gcc cc c++ make ld' || fail "root, writable or with a compiler"
say "no root, nothing writable, no compiler"

# --- the server ---------------------------------------------------------------------------------------------------

POSTGRES_PASSWORD=$(secret) WAREHOUSE_PASSWORD=$(secret) LOGIN=Aa1$(secret)
export POSTGRES_PASSWORD WAREHOUSE_PASSWORD
declare -A password
for role in analyst api auth ai chat; do password[$role]=$(secret); done
PROGRAMS=$(podman run --rm "${HARDENED[@]}" --entrypoint python3 "$IMAGE" -c \
    'from warehouse.embedded_host import program; print(program("psql").parent)')
podman run --detach --name proof-database "${HARDENED[@]}" --shm-size 256m --volume "$FOLDER/data:/data" \
    --volume "$PWD/deploy/postgres/create-warehouse.sh:/create-warehouse.sh:ro" --env POSTGRES_PASSWORD --env WAREHOUSE_PASSWORD \
    --env PATH="$PROGRAMS:/usr/bin:/bin" --env PGHOST=127.0.0.1 --env PGPORT=$DATABASE_PORT --env PGUSER=postgres \
    --env PGPASSWORD="$POSTGRES_PASSWORD" --entrypoint sh "$IMAGE" -c '
        printenv POSTGRES_PASSWORD > /tmp/password
        [ -d /data/pg ] || initdb -D /data/pg -U postgres --auth=scram-sha-256 --pwfile=/tmp/password --encoding=UTF8 > /dev/null
        exec postgres -D /data/pg -p '$DATABASE_PORT' -c listen_addresses=127.0.0.1 -c unix_socket_directories=/tmp' > /dev/null
for _ in $(seq 60); do
    ! podman exec proof-database pg_isready --quiet || break
    sleep 1
done
podman exec proof-database sh /create-warehouse.sh || fail "the warehouse's databases are not created"
say "PostgreSQL 18, databases of an owner without superuser"

# --- the commands -------------------------------------------------------------------------------------------------

OWNER=(--env DATABASE_URL="postgresql://sigmasight:$WAREHOUSE_PASSWORD@$ADDRESS/sigmasight" --env BACKUP_KEY="$(secret)"
    --env ANALYST_PASSWORD="${password[analyst]}")
PASSWORDS=(--env API_PASSWORD="${password[api]}" --env AUTH_PASSWORD="${password[auth]}" --env AI_PASSWORD="${password[ai]}"
    --env CHAT_PASSWORD="${password[chat]}")
READERS=(--env API_DATABASE_URL="postgresql://sigmasight_api:${password[api]}@$ADDRESS/sigmasight"
    --env AUTH_DATABASE_URL="postgresql://sigmasight_auth:${password[auth]}@$ADDRESS/sigmasight"
    --env CHAT_DATABASE_URL="postgresql://sigmasight_chat:${password[chat]}@$ADDRESS/sigmasight"
    --env AI_DATABASE_URL="postgresql://sigmasight_ai:${password[ai]}@$ADDRESS/sigmasight_ai"
    --env SECRET_KEY="$(secret)" --env API_HOST=127.0.0.1 --env PORT=8099)
upgrade() { podman run --rm "${HARDENED[@]}" "${HOME_ON_TMPFS[@]}" "${OWNER[@]}" "${PASSWORDS[@]}" "$IMAGE" upgrade --chat "$@"; }
worker() { podman run --rm "${HARDENED[@]}" "${HOME_ON_VOLUME[@]}" "${OWNER[@]}" --env LOG_FORMAT=text "$IMAGE" "$@"; }
start_api() { # without systemd, podman says that it will not run the health check by itself
    podman run --detach --name proof-api "${LIMITED[@]}" "${HOME_ON_TMPFS[@]}" "${READERS[@]}" "$IMAGE" >> "$FOLDER/build.log" 2>&1
}
status() { curl --silent --output "$FOLDER/answer" --write-out '%{http_code}' "$API$1" "${@:2}" || true; }
wait_for() { # path, status
    for _ in $(seq 600); do
        [ "$(status "$1")" != "$2" ] || return 0
        sleep 0.1
    done
    podman logs proof-api | tail -5 >&2
    fail "$1 does not answer $2: $(cat "$FOLDER/answer")"
}
ends_cleanly() { # container: by itself or by the signal, after what it had begun; 137 would be a kill
    local begun code; begun=$(seconds)
    podman stop --time 60 "$1" > /dev/null 2>> "$FOLDER/build.log"
    code=$(podman inspect --format '{{.State.ExitCode}}' "$1")
    [ "$code" = 0 ] || [ "$code" = 143 ] || fail "$1 ends with $code"
    ! podman logs "$1" 2>&1 | grep --quiet Traceback || fail "$1 ends with a traceback"
    podman rm "$1" > /dev/null 2>> "$FOLDER/build.log"
    say "SIGTERM ends $1" "$(since "$begun"), exit code $code"
}

begun=$(seconds); upgrade > /dev/null; say "upgrade of an empty warehouse" "$(since "$begun")"
begun=$(seconds); upgrade > /dev/null; say "upgrade again: nothing to do" "$(since "$begun")"

begun=$(seconds); start_api; wait_for /health/live 200; say "first answer of the API" "$(since "$begun")"
wait_for /health/ready 503
[ "$(jq -r .code "$FOLDER/answer")" = nothing_published ] || fail "readiness without a publication: $(cat "$FOLDER/answer")"
say "not ready before the first night" "503 nothing_published"

begun=$(seconds); worker demo --until 2025-09-11 > "$FOLDER/demo.log" || { tail "$FOLDER/demo.log"; fail "the demo"; }
say "the demo's files loaded, built, published" "$(since "$begun")"
begun=$(seconds); worker nightly --source simulated --force --as-of 2025-09-12 > "$FOLDER/night.log" || { tail "$FOLDER/night.log"; fail "the night"; }
grep -E '^  (built|published)' "$FOLDER/night.log"
say "a night" "$(since "$begun")"

wait_for /health/ready 200
podman healthcheck run proof-api || fail "the health check of the image"
ends_cleanly proof-api
begun=$(seconds); start_api; wait_for /health/ready 200; say "start of the API until it is ready" "$(since "$begun")"
[ "$(status /data/portfolios)" = 401 ] || fail "an answer without a login"
worker users add "$OF_DEMO" --name Demo --password "$LOGIN" > /dev/null
[ "$(status /auth/login --header 'content-type: application/json' --data "{\"email\": \"$OF_DEMO\", \"password\": \"$LOGIN\"}")" = 200 ] \
    || fail "login: $(cat "$FOLDER/answer")"
token=$(jq -r .access_token "$FOLDER/answer")
[ "$(status /data/portfolios --header "Authorization: Bearer $token")" = 200 ] || fail "portfolios: $(cat "$FOLDER/answer")"
say "login, portfolios" "$(jq -c '.[0] | {name, equity_balance}' "$FOLDER/answer")"
[ "$(status /lineage/fct_portfolio_risk --header "Authorization: Bearer $token")" = 200 ] || fail "lineage: $(cat "$FOLDER/answer")"
say "lineage without the files of a build"
[ "$(status /chat/conversations --header "Authorization: Bearer $token")" = 200 ] || fail "chat: $(cat "$FOLDER/answer")"
say "the chat's database"

# --- an older layout, the upgrade, and back -----------------------------------------------------------------------

cp tests/flows/maintenance/older_layouts/layout_9.backup "$FOLDER/home/older.backup"
chown 10001:10001 "$FOLDER/home/older.backup"
rm -f "$FOLDER/home/now.backup"
worker backup /var/lib/sigmasight/now.backup > /dev/null
worker restore --replace --trust /var/lib/sigmasight/older.backup > /dev/null
wait_for /health/ready 503
say "an older layout: not ready" "$(jq -r '.code + ": " + .detail' "$FOLDER/answer")"
! worker nightly --force > "$FOLDER/refused.log" 2>&1 || fail "a night on an older layout"
say "a night refuses it" "$(tail -1 "$FOLDER/refused.log")"
begun=$(seconds); upgrade --no-build > "$FOLDER/upgrade.log" 2>&1 || { tail "$FOLDER/upgrade.log"; fail "the upgrade"; }
wait_for /health/ready 200
say "upgraded, and ready again" "$(since "$begun")"
begun=$(seconds); worker restore --replace /var/lib/sigmasight/now.backup > /dev/null
wait_for /health/ready 200
say "restored from the backup before it, and ready" "$(since "$begun")"
ends_cleanly proof-api

# --- the schedule -------------------------------------------------------------------------------------------------

begun=$(seconds)
podman run --detach --name proof-schedule "${HARDENED[@]}" "${HOME_ON_VOLUME[@]}" "${OWNER[@]}" "$IMAGE" \
    schedule --source simulated > /dev/null
for _ in $(seq 120); do
    ! curl --silent --fail --output /dev/null http://127.0.0.1:4200/api/health || break
    sleep 1
done
curl --silent --fail --output /dev/null http://127.0.0.1:4200/api/health || { podman logs proof-schedule | tail; fail "the schedule"; }
say "the schedule's server answers" "$(since "$begun")"
[ "$(curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:4200/api/admin/version)" = 401 ] \
    || fail "the schedule's server answers without its secret"
say "and asks for its secret"
sleep 5
ends_cleanly proof-schedule
echo "proved"
