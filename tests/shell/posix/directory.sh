# cd and pwd

cd /; pwd; cd usr; pwd; cd -; cd ..; pwd; cd /usr/bin/../lib; pwd; cd .; pwd; cd ./; pwd; cd ///usr//bin; pwd
#> /
#> /usr
#> /
#> /
#> /usr/lib
#> /usr/lib
#> /usr/lib
#> /usr/bin

mkdir d e; >d/only_d; >e/only_e; cd d; PWD=/elsewhere; pwd | grep -c elsewhere; cd ../e; ls; echo ${PWD##*/} ${OLDPWD##*/}
#> 0
#> only_e
#> e d

mkdir a a/b; ln -s a/b l; cd l; pwd | sed 's/.*\///'; cd ..; ls; cd -P l; pwd | sed 's/.*\///'; cd ..; pwd | sed 's/.*\///'; pwd -P | sed 's/.*\///'
#> l
#> a
#> l
#> b
#> a
#> a

mkdir a; ln -s a l; cd l; pwd -L | sed 's/.*\///'; pwd -P | sed 's/.*\///'; pwd | sed 's/.*\///'; cd -L ..; ls
#> l
#> a
#> l
#> a
#> l

mkdir d; CDPATH=$PWD; cd /; cd d | sed 's/.*\///'; CDPATH=:$CDPATH; cd /usr; cd bin; pwd; CDPATH=/usr; cd /; cd ./bin; pwd; cd lib
#> d
#> /usr/bin
#> /bin
#> /usr/lib

cd /nope 2>/dev/null; echo $?; cd /dev/null 2>/dev/null; echo $?; cd '' ; echo $?; cd / /usr 2>/dev/null; echo $?; cd -- /usr; pwd; cd -Z 2>/dev/null; echo $?
#> 2
#> 2
#> 0
#> 0
#> /usr
#> 2

PWD=/x; pwd | grep -c /x; cd /; echo $PWD; pwd -Z 2>/dev/null; echo $?; chdir /usr; pwd; cd -LP /usr; pwd
#> 0
#> /
#> 2
#> /usr
#> /usr

mkdir ./-d; cd -- -d; pwd | sed 's/.*\///'; cd ..; cd ./-d; echo $?
#> -d
#> 0

umask 022; umask u=rw+x-r; umask; umask u+rwx,g-w+r,o=; umask; umask -S
#> 0422
#> 0027
#> u=rwx,g=rx,o=
