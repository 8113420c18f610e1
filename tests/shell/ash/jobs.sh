# background commands and wait

[[ a == a && b == b ]] && echo y
#> y

wait -n; echo $?
#> 127

sleep 0.1 & wait $!; echo $?
#> 0

test -n "" -o -n a && echo ok
#> ok

[ ! -f /nope ] && echo ok
#> ok

true & wait; echo $?
#> 0

[[ 3 -gt 2 && -d / ]] && echo y
#> y

f() { local x=$1; shift; [ $# -gt 0 ] && f "$@"; echo $x; }; f 1 2 3
#> 3
#> 2
#> 1

(exit 3) & p=$!; (exit 4) & q=$!; wait $p $q; echo $?; wait $q $p 2>/dev/null; echo $?
#! a status is told once
#> 4
#> 127

kill -l 1; kill -l 9; kill -l 130; kill -l HUP; kill -l SIGKILL; kill -l 0; kill -s 0 $$; echo $?
#> HUP
#> KILL
#> INT
#> 1
#> 9
#> EXIT
#> 0

kill -l 999 2>/dev/null; echo $?
#! there is no such signal
#> 1

set -m; sleep 100 & kill -STOP $!; while jobs >f; grep -q Running f; do :; done; kill -CONT $!; kill $!; wait $!; echo $?
#! there nothing is seen of the stop before somebody waits
#> 143

sleep 100 & [ "$(jobs -p)" = $! ] && echo same; jobs | grep -c Running; kill $(jobs -p); wait $!; echo $?; true & (wait $!; echo $?; sleep 100 & kill %1; wait %1; echo $?)
#! there a pipeline sees no jobs, and jobs have no text without job control
#> same
#> 1
#> 143
#> 127
#> 143

set -m; sleep 100 & kill -STOP %1; while jobs >f; grep -q Running f; do :; done; kill %1; jobs | grep -c Stopped; wait %1; echo $?
#! there nothing is seen of the stop before somebody waits
#> 0
#> 143
