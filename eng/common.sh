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

apt_offers() { [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]; }

# Installs one package if this user may. The package lists are fetched first where they do not know it, as in a new container.
apt_install() {
  local package=$1 as log="$build_dir/apt.log"
  has_apt || return 1
  as=$(privilege) || return 1
  mkdir -p "$build_dir" 2>/dev/null || return 1
  # shellcheck disable=SC2086 # `as` is two words or none
  apt_offers "$package" || $as apt-get update -qq >"$log" 2>&1 </dev/null || true
  apt_offers "$package" || return 1
  say "Installing $package …"
  # shellcheck disable=SC2086
  if ! $as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >"$log" 2>&1 </dev/null; then
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

# One number for the state of everything the node is built from: names, times and sizes. No output of a build is in it.
fingerprint() {
  (cd "$root" && find src Directory.*.props global.json \( -name bin -o -name obj -o -name node_modules \) -prune -o -type f -printf '%p %T@ %s\n' | cksum)
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

# Builds a project or the solution in Release, with the reason shown where that fails.
# No build server is left behind: it would hold the lock and this console open.
build() {
  local log="$build_dir/build.log" before
  before=$(fingerprint)
  rm -f "$stamp_file"
  # The compiler's output is copied into the files that stand there. A node that runs has them mapped and would die of the
  # change under it; with the names gone it keeps its own.
  rm -f "$node_folder"/*.dll
  if ! (sdk_environment && cd "$root" && dotnet build "$@" -c Release -v quiet -nodeReuse:false -p:UseSharedCompilation=false) >"$log" 2>&1 </dev/null; then
    if grep -q ': error ' "$log"; then grep ': error ' "$log" | sort -u | head -n 30 >&2; else tail -n 30 "$log" >&2; fi
    die "the build failed. Everything it said is in $log"
  fi
  printf '%s\n' "$before" >"$stamp_file"
}
