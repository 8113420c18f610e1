# ${x:offset:length}

x=abcdef; i=2; n=3; echo ${x:i} ${x:$i} ${x:i:n} ${x:$i:$n} ${x:$((i+1)):n-1} ${x:i+1} "${x:1:2}" "${x: -1}" ${x:${#x}-1} ${x:i?1:2}
#= 2
