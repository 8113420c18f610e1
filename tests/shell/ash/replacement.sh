# ${x/pattern/text}

x=a/b/c; echo ${x//'/'/-} ${x//"/"/_}
#! quoted pattern characters between words are patterns in busybox
#> a-b-c a_b_c

x=a/b/c; echo ${x//\//-} ${x/\//-} "${x//\//-}" ${x//b\/c/z} ${x//a/\/} "${x//a/\/}" ${x//b/'/'}
#> a-b-c a-b/c a-b-c a/z //b/c //b/c a///c

x='a b c'; y=b z='x y'; echo ${x/$y/$z} "${x/$y/$z}" ${x// /_} "${x// /_}" ${x//' '/} ${x//[ ]/-}; p='*'; echo ${x/$p/all} ${x/"$p"/all}; e=; echo "[${e/a/b}]" "[${e//a/b}]"
#> a x y c a x y c a_b_c a_b_c abc a-b-c
#> all a b c
#> [] []

x=hello; echo ${x/l/L} ${x//l/L} ${x/l} ${x//l} ${x/xyz/q} ${x//[el]/_} ${x/h*o/all} ${x//?/.} ${x/*/all} ${x/#h/J} ${x/%o/0} ${x//l/} "${x/l/"q q"}" 
#> heLlo heLLo helo heo hello h___o all ..... all hello hello heo heq qlo

x=aaaa; echo ${x//a/b} ${x//aa/b} ${x/a*/b} ${x//a*/b} ${x//a/&} ${x//a/aa} ${x//\a/q}; x='a.b.c'; echo ${x//./} ${x//[.]/\\} "${x//./\\}" ${x//./\.}; x='a\b'; echo "${x//\\/_}" ${x//\\/\\\\} 
#> bbbb bb b b &&&& aaaaaaaa qqqq
#> abc a\b\c a\b\c a.b.c
#> a_b a\\b
