# cd and pwd

mkdir d; cd d; rmdir ../d; cd .; echo $?; cd ..; echo $?
#! the kernel knows the way where the name is gone
#> 0
#> 0

mkdir -p a/b; ln -s a/b l; cd -eP l; echo "${PWD##*/}"; cd -Pe ..; cd -L -e ..; cd -P -L l; echo "${PWD##*/}"
#! there is no -e
#> b
#> l
