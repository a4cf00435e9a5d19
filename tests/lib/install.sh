# Sourced by tests/run.sh and examples/quickstart.sh: install_packages NAME... installs those that are missing, as root or with sudo.
# Where neither is there it says what is missing and goes on.

install_packages() {
	local missing="" name as=""
	for name in "$@"; do
		dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $name"
	done
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || { echo "missing, and no way to install:$missing"; return 0; }
		as=sudo
	fi
	echo "installing:$missing"
	$as env DEBIAN_FRONTEND=noninteractive apt-get update -qq >/dev/null 2>&1
	# One by one when the list does not go as a whole: a name that this release lacks must not keep the others away.
	$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 ||
		for name in $missing; do
			$as env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$name" >/dev/null 2>&1 ||
				echo "could not be installed: $name"
		done
}
