"""A queue that keeps its jobs until a test lets a worker run them."""

jobs = []


def enqueue(function, *arguments):
    jobs.append((function, arguments))


def work():
    while jobs:
        function, arguments = jobs.pop(0)
        function(*arguments)
