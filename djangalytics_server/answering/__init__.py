"""Who answers questions: this process where it is quick, else one apart, so that the threads that
take events keep their processor and their interpreter.
"""
