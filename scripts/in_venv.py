"""Run Python with the locked packages: in_venv.py base|dev ARGUMENTS…"""

import os
import sys

import environment

if __name__ == "__main__":
    python = environment.ensure(sys.argv[1])
    os.chdir(environment.ROOT)
    os.execv(python, [python, *sys.argv[2:]])
