# Pulls each model named in the arguments, through the server at OLLAMA_HOST. Pulling what is there already only compares
# digests, so running again is cheap. Bash, for the image has neither curl nor Python.
set -uo pipefail
export LC_ALL=C

log() { printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*"; }

# `ollama pull` redraws its progress ten times a second, with escape sequences even where there is no terminal. Cut at
# each escape, drop the sequence's own characters, and print what has not been said: one line for each per cent.
progress_lines() {
  local frame line
  local -A said=()
  while IFS= read -r -d $'\033' frame || [[ -n $frame ]]; do
    [[ $frame =~ ^\[[0-9\;?]*[A-Za-z] ]] && frame=${frame#"${BASH_REMATCH[0]}"}
    while IFS= read -r line || [[ -n $line ]]; do
      line=${line//$'\r'/}
      if [[ $line =~ ^pulling\ ([0-9a-f]+):\ +([0-9]+)% ]]; then
        line="layer ${BASH_REMATCH[1]} ${BASH_REMATCH[2]}%"
      fi
      line=${line//[^ -~]/}                        # the spinner, the bar's blocks, anything that is not plain text
      line=${line%"${line##*[! ]}"}
      [[ -z $line || -n ${said[$line]-} ]] && continue
      said[$line]=1
      log "$1: $line"
    done <<<"$frame"
  done
}

waited=0
until ollama list >/dev/null 2>&1; do
  ((waited % 30 == 0)) && log "waiting for $OLLAMA_HOST"
  sleep 2
  ((waited += 2))
done

failed=()
for model in "$@"; do
  log "$model: pulling"
  # The name comes after `--`, quoted: whatever it holds, it is one argument and no option.
  if ollama pull -- "$model" 2>&1 | progress_lines "$model"; then
    log "$model: ready"
  else
    log "$model: FAILED"
    failed+=("$model")
  fi
done

# One bad name does not keep the others away, but the Job says so.
if ((${#failed[@]})); then
  log "not pulled: ${failed[*]}"
  exit 1
fi
log "all $# models are ready"
