# what ash has beyond POSIX: function, &>, <(...), let

cat <<<x 2>/dev/null; echo no
#= 2

x=(1 2); echo no
#= 2
