# shellcheck shell=bash
# Shared by ./mycel, ./test and .ci/run: finds the SDK and the native library, and builds what changed.
# The caller sets `root` to the repository and runs with `set -euo pipefail`.

: "${root:?set root to the repository before reading this file}"
readonly sdk_version=10.0
readonly build_dir="$root/.build"
readonly node_folder="$root/src/Mycel.Node/bin/Release/net10.0"
readonly node_dll="$node_folder/mycel.dll"
readonly stamp_file="$build_dir/built"

say() { printf '%s\n' "$*" >&2; }
die() { printf 'mycel: %s\n' "$@" >&2; exit 1; }

# Prints what to put before a command to install packages without a question: nothing, or sudo. Fails where there is none.
privilege() {
  if [[ $EUID -eq 0 ]]; then return 0; fi
  if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then printf 'sudo -n'; return 0; fi
  return 1
}

has_apt() { command -v apt-get >/dev/null && command -v apt-cache >/dev/null; }

# Options for every call of apt; empty but where a package comes from an additional source.
apt_options=()

apt_offers() { [[ -n $(apt-cache "${apt_options[@]}" madison "$1" 2>/dev/null) ]]; }

# Installs one package if this user may. The package lists are fetched first where they do not know it, as in a new container.
apt_install() {
  local package=$1 as log="$build_dir/apt.log"
  has_apt || return 1
  as=$(privilege) || return 1
  mkdir -p "$build_dir" 2>/dev/null || return 1
  # shellcheck disable=SC2086 # `as` is two words or none
  apt_offers "$package" || $as apt-get "${apt_options[@]}" update -qq >"$log" 2>&1 </dev/null || true
  apt_offers "$package" || return 1
  say "Installing $package …"
  # shellcheck disable=SC2086
  if ! $as env DEBIAN_FRONTEND=noninteractive apt-get "${apt_options[@]}" install -y -qq --no-install-recommends "$package" >"$log" 2>&1 </dev/null; then
    tail -n 5 "$log" >&2
    return 1
  fi
}

# Puts a `dotnet` on PATH that stands in a usual place but is not on it.
find_dotnet() {
  local folder
  if command -v dotnet >/dev/null; then return 0; fi
  for folder in "${DOTNET_ROOT:-}" "${HOME:-/nonexistent}/.dotnet" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet /opt/dotnet; do
    if [[ -n $folder && -x $folder/dotnet ]]; then PATH="$folder:$PATH"; export PATH DOTNET_ROOT="$folder"; return 0; fi
  done
  return 1
}

# The SDK that global.json asks for; `dotnet --version` reads that file.
sdk_fits() { find_dotnet && (sdk_environment && cd "$root" && dotnet --version >/dev/null 2>&1); }

need_sdk() {
  if sdk_fits; then return 0; fi
  if apt_install "dotnet-sdk-$sdk_version"; then
    hash -r
    if sdk_fits; then return 0; fi
  fi
  if has_apt && apt_offers "dotnet-sdk-$sdk_version"; then
    die "the .NET $sdk_version SDK is missing. Install it, then run this again:" "    sudo apt-get update && sudo apt-get install dotnet-sdk-$sdk_version"
  fi
  die "the .NET $sdk_version SDK is missing. Where the distribution has the package: sudo apt-get install dotnet-sdk-$sdk_version" \
      "Otherwise follow https://learn.microsoft.com/dotnet/core/install/linux, then run this again."
}

# Whether the system has a shared library of this name. A glob costs less than a process, and this is asked at every start.
has_library() {
  local folder name
  for folder in /usr/lib/*-linux-* /usr/lib /usr/lib64 /lib64 /usr/local/lib ${LD_LIBRARY_PATH:+${LD_LIBRARY_PATH//:/ }}; do
    for name in "$folder/$1".so.[0-9]*; do
      if [[ -e $name ]]; then return 0; fi
    done
  done
  command -v ldconfig >/dev/null && ldconfig -p 2>/dev/null | grep -q "$1\.so\."
}

# Debian and Ubuntu name the package after the library's version.
sodium_package() {
  local newest=""
  if has_apt; then newest=$(apt-cache pkgnames libsodium 2>/dev/null | grep -E '^libsodium[0-9]+$' | sort -V | tail -n 1 || true); fi
  printf '%s' "${newest:-libsodium23}"
}

need_sodium() {
  if has_library libsodium; then return 0; fi
  if apt_install "$(sodium_package)" && has_library libsodium; then return 0; fi
  if has_apt; then
    die "the native library libsodium is missing. Install it, then run this again:" "    sudo apt-get update && sudo apt-get install $(sodium_package)"
  fi
  die "the native library libsodium is missing. Install it with this system's package manager (the package is often called libsodium), then run this again."
}

readonly ngtcp2_library=libngtcp2_crypto_gnutls
readonly ngtcp2_package=libngtcp2-crypto-gnutls8

# Prints apt sources for CODENAME-backports: the addresses and keys that this system has CODENAME from, in both of apt's formats.
backports_sources() {
  local codename=$1 file
  for file in /etc/apt/sources.list.d/*.sources; do
    [[ -r $file ]] || continue
    awk -v codename="$codename" 'BEGIN { RS = ""; FS = "\n" }
      { ours = 0; off = 0; text = ""
        for (i = 1; i <= NF; i++) {
          if ($i ~ /^#/) continue
          if ($i ~ /^Enabled:[ \t]*no/) off = 1
          if ($i ~ /^Suites:/) { n = split($i, word, /[ \t]+/); for (w = 2; w <= n; w++) if (word[w] == codename) ours = 1; $i = "Suites: " codename "-backports" }
          text = text $i "\n" }
        if (ours && !off) print text }' "$file" >>"$2/backports.sources"
  done
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [[ -r $file ]] || continue
    sed -nE "s|^(deb[[:space:]]+(\[[^]]*\][[:space:]]+)?[^[:space:]]+[[:space:]]+)$codename([[:space:]].*)$|\1$codename-backports\3|p" "$file" >>"$2/backports.list"
  done
}

# Installs a package from Debian's backports without changing the system's own list of sources.
backports_install() {
  local codename parts status=0
  codename=$(. /etc/os-release && [[ ${ID:-} == debian ]] && printf '%s' "${VERSION_CODENAME:-}") || return 1
  [[ -n $codename ]] || return 1
  parts=$(mktemp -d) || return 1
  # apt reads its sources as another user.
  chmod 755 "$parts"
  cp /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list "$parts" 2>/dev/null || true
  backports_sources "$codename" "$parts"
  apt_options=(-o "Dir::Etc::SourceParts=$parts")
  apt_install "$1" || status=1
  apt_options=()
  rm -rf "$parts"
  return "$status"
}

# ngtcp2 with its GnuTLS part, which carries QUIC on Linux.
has_ngtcp2() { has_library libngtcp2 && has_library "$ngtcp2_library"; }

# For running: without it nodes still reach each other through the tunnel, so that it is missing is said, and no more.
# Asked for once: where it cannot be had, every start would wait for the package lists again.
want_ngtcp2() {
  local tried="$build_dir/no-ngtcp2"
  if has_ngtcp2; then return 0; fi
  if [[ ! -e $tried ]]; then
    if apt_install "$ngtcp2_package" || backports_install "$ngtcp2_package"; then
      if has_ngtcp2; then return 0; fi
    fi
    { mkdir -p "$build_dir" && : >"$tried"; } 2>/dev/null || true
  fi
  say "QUIC is off: the library ngtcp2 is missing (Debian 13 or newer, Ubuntu 24.10 or newer: sudo apt-get install $ngtcp2_package; Debian 12: the same from bookworm-backports)."
}

# What the tests with hosts behind routers need: network namespaces and a packet filter. Without them those tests are skipped, with the reason.
want_routers() {
  command -v ip >/dev/null || apt_install iproute2 || true
  command -v nft >/dev/null || apt_install nftables || true
}

# Restores llama.cpp's prebuilt libraries for one backend (cpu, cuda or vulkan) as the lock file says; npm picks those of this machine.
# Fails where there is no npm, with what to do in `llama_problem`.
restore_llama() {
  local folder="$root/src/Mycel.Llama/native/$1" stamp log="$build_dir/npm.log"
  stamp="$folder/node_modules/.restored"
  if [[ -f $stamp && ! $folder/package-lock.json -nt $stamp ]]; then return 0; fi
  if ! command -v npm >/dev/null && ! { apt_install nodejs && apt_install npm; }; then
    llama_problem="npm, which brings llama.cpp's libraries, is missing. Install it with: sudo apt-get install nodejs npm"
    return 1
  fi
  mkdir -p "$build_dir"
  say "Fetching llama.cpp's libraries ($1), once …"
  if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 </dev/null; then
    llama_problem="npm could not fetch llama.cpp's libraries: $(grep -m 1 -i error "$log" || tail -n 1 "$log")"
    return 1
  fi
  : >"$stamp"
  # Built before, the program lacks them.
  rm -f "$stamp_file"
}

# For running: relays work without local models, so that their libraries are missing is said, and no more.
want_llama() { restore_llama cpu || say "Local models will not work: $llama_problem"; }

need_llama() { restore_llama cpu || die "$llama_problem"; }

readonly dashboard_dir="$root/dashboard"
readonly dashboard_stamp="$build_dir/dashboard"

# One number for the state of everything the dashboard is built from.
dashboard_fingerprint() {
  (cd "$dashboard_dir" && find src index.html package.json package-lock.json tsconfig.json vite.config.ts -type f -printf '%p %T@ %s\n' | cksum)
}

# Whether the Node.js here builds the dashboard: its build tool needs version 20.19 or newer.
has_node() { command -v node >/dev/null && command -v npm >/dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; }

# Builds the dashboard when its sources changed. Fails where that cannot be done, with what to do in `dashboard_problem`.
build_dashboard() {
  local log="$build_dir/dashboard.log" now
  now=$(dashboard_fingerprint)
  if [[ -f $dashboard_dir/dist/index.html && -r $dashboard_stamp && $(<"$dashboard_stamp") == "$now" ]]; then return 0; fi
  if ! has_node && ! { apt_install nodejs && apt_install npm && hash -r && has_node; }; then
    dashboard_problem="it takes Node.js 20.19 or newer, and npm. Install them, then run this again."
    return 1
  fi
  mkdir -p "$build_dir"
  say "Building the dashboard …"
  if ! (cd "$dashboard_dir" && npm ci --ignore-scripts --no-audit --no-fund && npm run build) >"$log" 2>&1 </dev/null; then
    dashboard_problem="$(grep -m 1 -i error "$log" || tail -n 1 "$log") Everything it said is in $log"
    return 1
  fi
  printf '%s\n' "$now" >"$dashboard_stamp"
  # Built before, the program lacks it.
  rm -f "$stamp_file"
}

# For running: the node does all it does without its pages, so that they are missing is said, and no more.
want_dashboard() { build_dashboard || say "The dashboard is not built: $dashboard_problem"; }

need_dashboard() { build_dashboard || die "the dashboard could not be built: $dashboard_problem"; }

# What the tests in a real browser need. Without it they are skipped, with the reason.
want_chromium() { command -v chromium >/dev/null || command -v google-chrome >/dev/null || apt_install chromium || true; }

# One number for the state of everything the node is built from: names, times and sizes. No output of a build is in it.
fingerprint() {
  (cd "$root" && find src dashboard/src dashboard/package-lock.json Directory.*.props eng/*.targets global.json \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f -printf '%p %T@ %s\n' | cksum)
}

is_built() {
  local was
  [[ -f $node_dll && -r $stamp_file ]] || return 1
  was=$(<"$stamp_file")
  [[ $was == "$(fingerprint)" ]]
}

# Settings for the SDK's own tools: quiet, without cultures where their library (ICU) is not installed, and with a home where
# this user has none that can be written.
sdk_environment() {
  export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
  if ! has_library libicuuc; then export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1; fi
  if [[ -z ${HOME:-} || ! -d $HOME || ! -w $HOME ]]; then
    export HOME="$build_dir/home"
    mkdir -p "$HOME"
  fi
  export DOTNET_CLI_HOME="${DOTNET_CLI_HOME:-$HOME}"
}

# Waits until no other run of these scripts builds in this checkout; the lock goes with the process.
take_build_lock() {
  mkdir -p "$build_dir" 2>/dev/null || true
  if ! { : >>"$build_dir/lock"; } 2>/dev/null; then
    die "cannot write to $build_dir, so the program cannot be built. Run ./mycel once as the owner of this folder."
  fi
  exec {build_lock}>>"$build_dir/lock"
  flock "$build_lock"
}

release_build_lock() { exec {build_lock}>&-; }

# Builds a project or the solution in Release, with the reason shown where that fails. Advice on the code is asked for by
# STRICT_BUILD=1, as .ci/run does; warnings are errors then. (NETSDK1188: without ICU the SDK knows no languages, and says so of
# every package that has translations.) No build server is left behind: it would hold the lock and this console open.
build() {
  local log="$build_dir/build.log" before options=(-p:UseSharedCompilation=false -p:RunAnalyzers=false)
  if [[ ${STRICT_BUILD:-} == 1 ]]; then options=(-warnaserror -warnnotaserror:NETSDK1188); fi
  before=$(fingerprint)
  rm -f "$stamp_file"
  # The compiler's output is copied into the files that stand there. A node that runs has them mapped and would die of the
  # change under it; with the names gone it keeps its own.
  rm -f "$node_folder"/*.dll
  if ! (sdk_environment && cd "$root" && dotnet build "$@" -c Release -v quiet -nodeReuse:false "${options[@]}") >"$log" 2>&1 </dev/null; then
    stop_compiler
    if grep -q ': error ' "$log"; then grep ': error ' "$log" | sort -u | head -n 30 >&2; else tail -n 30 "$log" >&2; fi
    die "the build failed. Everything it said is in $log"
  fi
  stop_compiler
  printf '%s\n' "$before" >"$stamp_file"
}

# Ends the compiler that several projects shared.
stop_compiler() {
  [[ ${STRICT_BUILD:-} == 1 ]] || return 0
  (sdk_environment && cd "$root" && dotnet build-server shutdown --vbcscompiler) >"$build_dir/shutdown.log" 2>&1 </dev/null || true
}
