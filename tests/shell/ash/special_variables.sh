# variables the shell keeps

echo $LINENO
echo $LINENO
f() {
echo $LINENO
}
f
echo $LINENO
#! the first line is line 1
#> 1
#> 2
#> 4
#> 7

[ "$HOSTNAME" = "$(uname -n)" ] && echo named; HOSTNAME=mine; echo $HOSTNAME
#> named
#> mine

case $RANDOM in ''|*[!0-9]*) echo bad;; esac; i=0; while [ $i -lt 50 ]; do n=$RANDOM; [ $n -ge 0 ] && [ $n -le 32767 ] || echo $n; i=$((i+1)); done; a=$RANDOM$RANDOM$RANDOM; [ $a != $RANDOM$RANDOM$RANDOM ] && echo differs; unset RANDOM; echo "<$RANDOM>"
#> differs
#> <>

a=$EPOCHSECONDS; b=$(date +%s); [ $((b - a)) -ge 0 ] && [ $((b - a)) -lt 60 ] && echo now; EPOCHSECONDS=5; [ $EPOCHSECONDS -ge $b ] && echo still; unset EPOCHSECONDS; echo "<$EPOCHSECONDS>"
#> now
#> still
#> <>
