# clock COMMAND: runs it with empty caches; the hundredths of a second that it took.
now() { read -r up rest </proc/uptime; echo "${up%.*}${up#*.}"; }
clock() { sync; echo 3 >/proc/sys/vm/drop_caches; t=$(now); eval "$1" || return; echo $(($(now)-t)); }
