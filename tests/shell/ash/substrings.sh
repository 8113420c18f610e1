# ${x:offset:length}

x=abc; echo ${x:-1} ${x:- 1} ${x: -1} ${x:+1} ${x:0:1}${x:1} "${x:0:1}x"; echo "${x: -5}." "${x: -5:2}."
#> abc abc c 1 abc ax
#> . .

x=abc; echo "${x:2:-2}."
#! a length that ends before the offset gives nothing
#> .

set -- a b c d; echo "${@:2}" ${@:2:2} "${@: -1}" ${*:3} "${@:1:1}"; echo ${1:0:1}
#! offsets count the parameters, in busybox the bytes of all of them
#> b c d b c d c d a
#> a

x=abcdef; echo ${x:0} ${x:2} ${x:1:2} ${x:0:0}. ${x:6}. ${x:7}. ${x: -2} ${x: -4:2} ${x:(-3):2} ${x:0:-2} ${x:1:-1} ${x: -4:-1} ${x:2:100}
#> abcdef cdef bc . . . ef cd de abcd bcde cde cdef

x='a b c'; set -- ${x:2}; echo $#; set -- "${x:2}"; echo $#; y=${x:2:1}; echo $y; unset u; echo "[${u:0:1}]" "[${u:1}]"; e=; echo "[${e:0:1}]"
#> 2
#> 1
#> b
#> [] []
#> []
