# private-apt.sh - sourced: the ordinary apt client with lists and caches of its own. Needs no root and
# touches nothing of the machine's.
# shellcheck shell=sh

# Debian archives this machine knows: what apt says, then what its source files say.
mirrors() {
  {
    # shellcheck disable=SC2016 # the $(…) are apt's own
    apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
      sed -n 's/^Debian //p'
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | sed -n 's/^URIs:[[:space:]]*//p' |
      tr -s '[:blank:]' '\n'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      sed -n 's/^deb\(-src\)\{0,1\}[[:space:]]\{1,\}\(\[[^]]*\][[:space:]]*\)\{0,1\}\([^[:space:]]*\).*/\3/p'
  } | sed 's,/*$,,' | grep '/debian$' | grep -v '^cdrom:' | awk '!seen[$0]++'
}

# Lists and caches under $1; neither the machine's lists nor its hooks are touched. Needs no root.
write_apt_conf() {
  mkdir -p "$1/lists/partial" "$1/cache/archives/partial" "$1/parts"
  : >"$1/status"
  cat >"$1/apt.conf" <<CONF
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear APT::Update::Pre-Invoke;
#clear Acquire::IndexTargets::deb::DEP-11;
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "$1/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$1/parts";
Dir::State "$1";
Dir::State::lists "$1/lists";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "";
CONF
}
